"""rungwise export, from a run on disk to a verified folder, and what it refuses."""

import dataclasses
import json

import pytest
from safetensors.torch import load_file, save_file

from advisor.exporting import Done, Wanted, export, is_exporting, stop_export
from advisor.verbs.export import not_the_same
from harness.disk import write_json
from harness.errors import JobError, UserError
from harness.exporting import exports_of, need_room, trained, unfinished
from tests.advisor.trained_run import LABEL, trained_run
from tests.command import here, killed_once, refused, said
from tests.tuning.oracle import PEFT_WARNING

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)


@pytest.fixture
def run(tmp_path, untied):
    return trained_run(tmp_path / "project", untied)


def read(folder, name="rungwise_parity.json"):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def left_behind(folder):
    return sorted(p.name for p in folder.iterdir())


def test_an_adapter_is_exported_asked_again_and_told_of_everywhere(run, tmp_path):
    out = tmp_path / "new" / "tuned"
    done = here("export", run.folder, "--rung", "finetune", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "24 of 24 (100 %)" in done.stdout and str(out) in done.stdout
    assert "Writing the weights" in done.stderr and "asking again 24/24" in done.stderr
    parity = read(out)
    assert parity["verified"] and parity["identical"] == parity["asked"] == 24
    assert parity["difference"] == 0 and parity["loaded_by"] == "transformers and peft"
    assert left_behind(out.parent) == ["tuned"]
    (record,) = exports_of(run)
    assert record.verified and record.form == "adapter" and record.folder == str(out)
    shown = here("show", run.folder)
    assert "Exported:" in shown.stdout and "24 of 24 (100 %) answers identical" in shown.stdout
    report = here("report", run.folder, "--format", "html,json", "--out", tmp_path / "report")
    assert report.returncode == 0, report.stderr
    page = (tmp_path / "report" / "report-technical.html").read_text(encoding="utf-8")
    assert "What was exported" in page and "verified; 24 of 24 (100 %)" in page
    (told,) = read(tmp_path / "report", "report-technical.json")["report"]["exports"]
    assert told["rung"] == "finetune" and told["verified"] and told["folder"] == "tuned"


def test_a_merged_model_is_exported_and_a_sample_of_questions_will_do(run, tmp_path):
    out = tmp_path / "merged"
    done = here("export", run.folder, "--rung", "finetune", "--merge", "--questions", "5",
                "--out", out, "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["verified"] and found["asked"] == 5 and found["heldout"] == 24
    assert not (out / "adapter_model.safetensors").exists()
    assert "5 held-out questions of 24" in (out / "README.md").read_text(encoding="utf-8")


def test_retrieval_with_fine_tuning_is_asked_with_the_passages_each_answer_was_given(
    tmp_path, untied
):
    run = trained_run(tmp_path / "project", untied, "rag_finetune")
    done = export(run, Wanted("rag_finetune"), tmp_path / "out")
    assert done.parity.verified and done.parity.identical == 24
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "(title of a passage)" in card and "Question: (the question)" in card


def test_answers_held_to_the_allowed_ones_are_verified_so_and_the_card_says_what_free_ones_score(
    tmp_path, untied
):
    run = trained_run(tmp_path / "project", untied, spec=LABEL, held=True)
    done = export(run, Wanted("finetune", merged=True), tmp_path / "out")
    assert done.parity.verified and done.parity.identical == 24
    assert done.parity.free_score == 0, "a random model says no label of its own accord"
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "it could write allowed answers only" in card


def test_a_score_over_all_answers_together_is_compared_too(tmp_path, untied):
    spec = dataclasses.replace(LABEL, metric="macro_f1_score")
    run = trained_run(tmp_path / "project", untied, spec=spec, held=True)
    done = export(run, Wanted("finetune"), tmp_path / "out")
    assert done.parity.verified and done.parity.metric == "macro_f1_score"
    assert done.parity.stored_score == done.parity.exported_score > 0


# An export that is not what was measured


def test_a_zeroed_adapter_is_caught_kept_under_a_name_that_says_so_and_exits_1(run, tmp_path):
    weights = run.folder / "adapters" / "finetune-s0" / "adapter_model.safetensors"
    save_file({k: t * ("lora_A" in k) for k, t in load_file(weights).items()}, weights)
    for name in ("tuned-not-verified", "tuned-not-verified-2"):
        done = here("export", run.folder, "--rung", "finetune", "--out", tmp_path / "tuned")
        assert done.returncode == 1
        ((error, fix),) = said(done).items()
        assert "answers differ" in error and error.count("it says") == 3
        assert name in error and "do not use it" in fix
        assert (tmp_path / name / "README.md").is_file()
    assert not (tmp_path / "tuned").exists()
    assert [record.verified for record in exports_of(run)] == [False, False]
    assert "NOT verified" in here("show", run.folder).stdout


@pytest.mark.parametrize(
    ("form", "precision", "fix"),
    [
        ("merged", "bfloat16", "add --dtype float32, or leave --merge out"),
        ("full", "bfloat16", "rounding to bfloat16 may be why: add --dtype float32"),
        ("full", "float32", "compare its README.md"),
        ("merged", "float32", "compare its README.md"),
        ("adapter", "bfloat16", "compare its README.md"),
    ],
)
def test_rounding_is_offered_as_the_reason_only_where_weights_were_rounded(
    run, tmp_path, form, precision, fix
):
    done = export(run, Wanted("finetune", questions=1), tmp_path / "out")
    parity = dataclasses.replace(done.parity, precision=precision, why_not="answers differ")
    record = dataclasses.replace(done.record, form=form)
    (problem,) = not_the_same(Done(done.folder, record, parity)).problems
    assert fix in problem.fix
    assert ("--merge" in problem.fix) == (form == "merged" and precision == "bfloat16")


def test_another_chat_template_is_caught_and_named(run, untied, tmp_path, monkeypatch):
    from advisor import exporting

    def spoiled(adapter, base, name, answering, out):
        real(adapter, base, name, answering, out)
        file = out / "chat_template.jinja"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("<|im_end|>\n", "<|im_end|>"), encoding="utf-8")

    real = exporting.export_adapter
    monkeypatch.setattr(exporting, "export_adapter", spoiled)
    done = export(run, Wanted("finetune"), tmp_path / "out")
    assert not done.parity.verified and done.parity.other_prompts == 24
    assert "chat template is another" in done.parity.why_not


def test_a_score_that_moved_is_caught_though_nearly_all_answers_are_the_same(run, tmp_path):
    cell = read(run.folder / "cells", "finetune-s0.json")
    cell["answers"][0]["text"] = "days 36 of the parcel"
    write_json(run.cell_file("finetune-s0"), cell)
    done = export(run, Wanted("finetune"), tmp_path / "out")
    assert done.parity.identical == 23 and "answers differ" in done.parity.why_not
    assert "the score is" in done.parity.why_not, "one of 24 is more than the margin of 3 points"


def test_a_damaged_adapter_is_said_without_a_traceback_and_leaves_nothing(run, tmp_path):
    weights = run.folder / "adapters" / "finetune-s0" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    done = here("export", run.folder, "--rung", "finetune", "--out", tmp_path / "place" / "tuned")
    assert done.returncode == 1
    assert any("damaged" in error for error in said(done))
    assert left_behind(tmp_path / "place") == []


# Refused before anything is written


def test_what_has_nothing_to_export_says_what_has(run, tmp_path):
    out = tmp_path / "out"
    fix = refused(here("export", run.folder, "--rung", "prompt", "--out", out))
    assert "choose one of finetune" in str(fix)
    assert "seeds of this run: 0" in str(
        refused(here("export", run.folder, "--rung", "finetune", "--seed", "7", "--out", out))
    )
    assert "--training-set openai" in str(refused(here("export", run.folder, "--out", out)))
    plan = read(run.folder, "run.json")
    write_json(run.folder / "run.json", {**plan, "generator": "openai:http://127.0.0.1:1/v1#m"})
    assert "behind an address" in str(
        refused(here("export", run.folder, "--rung", "finetune", "--out", out))
    )
    assert not out.exists()


def test_everything_that_is_wrong_is_said_at_once(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    odd = ("--dtype", "int4", "--questions", "0", "--out", tmp_path / "full")
    problems = refused(here("export", run.folder, "--rung", "finetune", *odd))
    assert len(problems) == 4
    assert any("not empty" in problem for problem in problems)
    assert left_behind(tmp_path / "full") == ["mine.txt"]


def test_a_disk_without_room_is_seen_before_anything_is_written(run, tmp_path, monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("harness.exporting.shutil.disk_usage", lambda path: usage(1, 1, 1000))
    with pytest.raises(UserError, match=r"needs 0.05 GB, 0.00 GB are free"):
        need_room(trained(run, "finetune"), tmp_path / "out", True, "float32")


# Killed, stopped, at once


@pytest.mark.slow
def test_a_killed_export_leaves_no_folder_and_the_next_one_clears_its_remains(run, tmp_path):
    out = tmp_path / "place" / "tuned"
    begun = out.parent / ".tuned.unfinished" / "adapter_model.safetensors"
    killed_once(begun.exists, "export", run.folder, "--rung", "finetune", "--out", out)
    assert not out.exists() and exports_of(run) == ()
    done = export(run, Wanted("finetune"), out)
    assert done.parity.verified and left_behind(out.parent) == ["tuned"]


def test_a_stopped_export_leaves_nothing(run, tmp_path):
    def stop(what, done, total):
        assert is_exporting(run)
        stop_export(run)

    with pytest.raises(JobError, match="nothing was left behind"):
        export(run, Wanted("finetune"), tmp_path / "place" / "tuned", stop)
    assert left_behind(tmp_path / "place") == [] and not is_exporting(run)


def test_two_exports_to_one_place_do_not_mix(tmp_path):
    with unfinished(tmp_path / "tuned") as folder:
        (folder / "weights").write_text("mine", encoding="utf-8")
        with (
            pytest.raises(UserError, match="another process is exporting there"),
            unfinished(tmp_path / "tuned"),
        ):
            pass
        assert (folder / "weights").read_text(encoding="utf-8") == "mine"
    assert left_behind(tmp_path) == []
