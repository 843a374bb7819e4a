"""Training rows as other programs take them: their documented shapes, and never a held-out row."""

import json

import pytest

from advisor.pair_formats import PAIR_FORMATS, PairRow
from advisor.training_format import Row
from advisor.training_formats import training_format, training_formats
from harness.prompts import system_prompt
from harness.types import Preferences, Task
from tests.advisor.page_project import HOSTILE, make_project, make_run
from tests.command import here, refused

ROWS = [
    Row("Sort it.\nInto: a, b", "Where is my parcel?", "a"),
    Row("Sort it.\nInto: a, b", f"\u2028 \u0085 \r\n\t\x00 {HOSTILE} ğüşİ 🙂", '{"x": "\\"}'),
    Row("", " ", ""),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("rows") / "project")


@pytest.fixture(scope="module")
def run(project):
    return make_run(project)


@pytest.mark.parametrize("name", training_formats())
def test_every_format_gives_back_every_letter(name):
    chosen = training_format(name)
    assert chosen.read(chosen.write(ROWS)) == ROWS
    assert chosen.read(chosen.write([])) == []


@pytest.mark.parametrize("name", [n for n, f in training_formats().items() if f.suffix == ".jsonl"])
def test_a_row_is_one_line_whatever_is_in_it(name):
    assert training_format(name).write(ROWS).count(b"\n") == len(ROWS)


def first(name):
    raw = training_format(name).write(ROWS).decode()
    return json.loads(raw)[0] if name == "alpaca" else json.loads(raw.split("\n")[0])


def test_the_shapes_are_those_that_are_documented():
    system, user, answer = ROWS[0]
    assert first("openai") == {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
            {"role": "assistant", "content": answer},
        ]
    }
    assert first("alpaca") == {"instruction": system, "input": user, "output": answer}
    assert first("sharegpt") == {
        "conversations": [
            {"from": "system", "value": system},
            {"from": "human", "value": user},
            {"from": "gpt", "value": answer},
        ]
    }
    assert first("trl") == {
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def test_the_file_holds_the_training_rows_as_the_rungs_ask_them_and_no_other_row(
    project, run, tmp_path
):
    view = run.view()
    for where, name in ((run.folder, "run.jsonl"), (project, "project.jsonl")):
        done = here("export", where, "--training-set", "openai", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        assert f"{len(view.train)} training rows" in done.stdout
    rows = training_format("openai").read((tmp_path / "run.jsonl").read_bytes())
    assert (tmp_path / "project.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()
    assert [row.user for row in rows] == [example.question for example in view.train]
    assert {row.system for row in rows} == {system_prompt(view.spec)}
    kept = {example.question for example in (*view.dev, *run.heldout())}
    assert kept and not kept & {row.user for row in rows}


def test_a_wrong_format_a_file_that_is_there_and_options_of_a_model_are_refused(run, tmp_path):
    out = tmp_path / "rows.jsonl"
    said = refused(here("export", run.folder, "--training-set", "axolotl", "--out", out))
    assert all("trl_dpo, openai_dpo" in fix for fix in said.values())
    assert any("openai" in fix and "trl" in fix for fix in said.values())
    said = refused(
        here("export", run.folder, "--training-set", "trl", "--merge", "--seed", "0", "--out", out)
    )
    assert any("--seed and --merge" in fix for fix in said.values())
    assert not out.exists()
    out.write_text("mine", encoding="utf-8")
    refused(here("export", run.folder, "--training-set", "trl", "--out", out))
    assert out.read_text(encoding="utf-8") == "mine"


PAIR = PairRow("Sort it.", f"\u2028 {HOSTILE} ğüşİ", "better\n", '{"x": "\\"}')


def test_preference_pairs_are_written_in_the_shapes_that_are_documented():
    asked = [{"role": "system", "content": "Sort it."}, {"role": "user", "content": PAIR.user}]
    better, worse = ([{"role": "assistant", "content": text}] for text in PAIR[2:])
    shapes = {
        "trl_dpo": {"prompt": asked, "chosen": better, "rejected": worse},
        "openai_dpo": {
            "input": {"messages": asked},
            "preferred_output": better,
            "non_preferred_output": worse,
        },
    }
    assert set(shapes) == set(PAIR_FORMATS)
    for name, shape in shapes.items():
        written = PAIR_FORMATS[name].write([PAIR])
        assert json.loads(written) == shape and written.count(b"\n") == 1
        assert PAIR_FORMATS[name].read(written) == [PAIR]


def test_only_pairs_to_learn_from_are_written_and_none_at_all_is_said(run, tmp_path, tiny_model):
    from tests.advisor.report_runs import start
    from tests.harness.rung_bench import DEV, HELDOUT, PAIRS, SPEC, TRAIN

    parts = Preferences(PAIRS[:20], PAIRS[20:26], PAIRS[26:])
    task = Task(SPEC, TRAIN, DEV, HELDOUT, (), "f1", preferences=parts)
    with_pairs = start(tmp_path / "runs" / "pairs", task, ["prompt-s0"])
    out = tmp_path / "pairs.jsonl"
    done = here("export", with_pairs.folder, "--training-set", "trl_dpo", "--out", out)
    assert done.returncode == 0 and "20 preference pairs for TRL's DPOTrainer" in done.stdout
    rows = PAIR_FORMATS["trl_dpo"].read(out.read_bytes())
    assert [(row.user, row.chosen) for row in rows] == [(p.question, p.chosen) for p in PAIRS[:20]]
    other = tmp_path / "other.jsonl"
    said = refused(here("export", run.folder, "--training-set", "openai_dpo", "--out", other))
    assert "there are no preference pairs" in str(said) and not other.exists()


def test_rows_with_the_passages_that_the_reading_rung_was_trained_on(
    tmp_path, tiny_model, monkeypatch
):
    from tests.harness.probed_run import make_run
    from tests.harness.rung_bench import TRAIN

    run = make_run(tmp_path, tiny_model, monkeypatch, ["rag_finetune-s0"])
    out = tmp_path / "rows.jsonl"
    given = ("--training-set", "trl", "--rung", "rag_finetune", "--out", out)
    done = here("export", run.folder, *given)
    assert done.returncode == 0, done.stderr
    rows = training_format("trl").read(out.read_bytes())
    assert len(rows) == len(TRAIN)
    assert all("stage" in row.user and len(row.user) > 100 for row in rows), "passages before each"
    wrong = (*given[:3], "finetune", "--out", tmp_path / "other.jsonl")
    assert "only rag_finetune" in str(refused(here("export", run.folder, *wrong)))
