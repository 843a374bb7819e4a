"""rungwise estimate, as people type it."""

import dataclasses
import json

import pytest

from advisor.forecast import foretell, foretold
from advisor.needs import assumed_on, method_needs, need_line, too_large
from advisor.project import open_project
from advisor.workflow import load
from harness.device import find_card
from harness.store import Run
from tests.command import here, refused
from tests.fake_card import machine_with
from tests.harness.test_estimate import PACE, needed
from tuning.sizes import sizes_named

pytestmark = pytest.mark.timeout(600)


def test_it_says_time_and_memory_of_each_rung_and_method(label_project):
    done = here("estimate", label_project, "--rungs", "prompt,finetune,rag")
    assert done.returncode == 0, done.stderr
    assert "This will take about 1 minute on this machine" in done.stdout
    assert "finetune" in done.stdout and "QLoRA" in done.stdout
    assert "between the two rungs would be shown in 4 of 5 such checks" in done.stdout
    assert "rag is left out: the project has no documents" in done.stdout


def test_as_json_it_is_json_only(label_project):
    done = here("estimate", label_project, "--json", "--gpu-memory", "24")
    found = json.loads(done.stdout)
    assert "a difference of about" in found["shows"]
    assert found["check"]["seconds"] > 0 and found["model"]["layers"] == 2
    assert [one["method"] for one in found["methods"]] == ["answer", "lora", "qlora", "full"]
    assert all(one["fits"] for one in found["methods"])
    assert all(one["least_bytes"] <= one["memory_bytes"] for one in found["methods"])


def test_a_model_that_is_not_here_is_judged_by_its_name(label_project):
    done = here("estimate", label_project, "--model", "owner/some-7b", "--gpu-memory", "24")
    assert done.returncode == 0, done.stderr
    assert "is not on this machine, so no time can be told" in done.stdout
    words = done.stdout.splitlines()[-1]
    assert "LoRA, QLoRA" in words.split(".")[0] and "Full fine-tuning needs 1" in words


def test_a_model_that_is_not_here_and_tells_no_size_is_an_error(label_project):
    assert refused(here("estimate", label_project, "--model", "owner/some"))


@pytest.mark.parametrize("memory", ["-1", "0", "lots", "nan", "inf"])
def test_memory_that_is_no_amount_is_refused(label_project, memory):
    assert refused(here("estimate", label_project, f"--gpu-memory={memory}"))


def test_an_endpoint_cannot_be_foretold(label_project):
    done = here("estimate", label_project, "--model", "openai:http://127.0.0.1:9/v1#m")
    assert "cannot be estimated" in " ".join(refused(done))


def test_everything_that_stands_against_a_check_stands_against_its_estimate(label_project):
    said = refused(here("estimate", label_project, "--rungs", "promt", "--effort", "huge"))
    assert len(said) == 2


def test_a_check_says_beforehand_what_it_takes_and_the_report_sets_it_beside_what_it_took(
    label_project,
):
    done = here("check", label_project, "--rungs", "prompt", "--run", "one")
    assert done.returncode == 0 and "This will take about 1 minute" in done.stderr
    assert "Time: " in done.stdout and "estimated: 1 minute. Memory, where" in done.stdout
    assert (label_project / "runs" / "one" / "estimate.json").is_file()
    run = label_project / "runs" / "one"
    assert here("report", run, "--format", "html").returncode == 0
    page = (run / "report" / "report-technical.html").read_text(encoding="utf-8")
    assert "estimated: about 1 minute" in page
    assert "What was estimated and what it took" in page
    (taken,) = json.loads((run / "experiment.json").read_text(encoding="utf-8"))["taken"].values()
    assert min(taken.values()) > 0


def test_a_forecast_of_another_version_does_not_stop_a_report(label_project):
    here("check", label_project, "--rungs", "prompt", "--run", "one")
    run = label_project / "runs" / "one"
    (run / "estimate.json").write_text('{"rungs": "many"}', encoding="utf-8")
    assert here("report", run, "--format", "html").returncode == 0


def test_a_check_that_cannot_be_foretold_says_so_and_goes_on(label_project, tmp_path, tiny_model):
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "tokenizer.json").write_bytes((tiny_model / "tokenizer.json").read_bytes())
    (odd / "config.json").write_text('{"n_embd": 768}', encoding="utf-8")
    project, run, heard = open_project(label_project), Run(tmp_path / "run"), []
    settings = dataclasses.replace(project.settings(), generator=str(odd))
    foretell(project, run, load(project).task, settings, heard.append)
    assert "How long it will take is not known" in heard[-1]
    assert "does not say how large the model is" in heard[-1]
    assert foretold(run) is None


def test_a_card_is_counted_with_what_training_keeps_here_and_with_the_least_it_can_do_with():
    seven = sizes_named("owner/some-7b")
    found = {one.method: one for one in method_needs(seven, 512, 64, 16, 24.0)}
    assert found["lora"].memory_bytes > 34e9, "8 rows at once, every layer kept"
    assert found["lora"].least_bytes < 16e9 and found["lora"].fits
    spared = found["lora"].memory_bytes - found["qlora"].memory_bytes
    unpacked = 2 * seven.linear / seven.layers
    assert spared == pytest.approx((2 - 4.127 / 8) * seven.linear - unpacked)
    assert not found["full"].fits


@pytest.mark.parametrize(
    ("capability", "asked", "precision", "why"),
    [
        ("7.5", 16.0, "float32", "Tesla T4 has no bfloat16, so float32 is counted."),
        ("7.5", None, "float32", "Tesla T4 has no bfloat16, so float32 is counted."),
        ("8.0", 16.0, "bfloat16", "Tesla T4 computes in bfloat16."),
        ("7.5", 24.0, "bfloat16", "bfloat16 is assumed: an older card"),
        ("", 16.0, "bfloat16", "bfloat16 is assumed: an older card"),
    ],
    ids=["this one", "any", "with bfloat16", "another", "a driver that does not say"],
)
def test_a_card_without_bfloat16_is_counted_in_float32_where_it_is_known_to_be_one(
    tmp_path, monkeypatch, capability, asked, precision, why
):
    machine_with(tmp_path, monkeypatch, "15360, Tesla T4", capability=capability)
    taken = assumed_on(asked, find_card())
    assert taken.precision == precision and taken.why.startswith(why)
    seven = sizes_named("owner/some-7b")
    found = method_needs(seven, 512, 64, 16, asked, taken.width)
    wide = method_needs(seven, 512, 64, 16, asked, 4)
    assert (found == wide) is (precision == "float32")
    assert wide[0].least_bytes > 1.9 * method_needs(seven, 512, 64, 16, asked)[0].least_bytes


def test_the_command_says_what_it_counts_in(label_project, tmp_path, monkeypatch):
    machine_with(tmp_path, monkeypatch, "15360, Tesla T4", capability="7.5")
    asked = ("estimate", label_project, "--model", "owner/some-7b", "--gpu-memory")
    done = here(*asked, "16")
    assert "6,738 million weights, float32" in done.stdout
    assert "Tesla T4 has no bfloat16, so float32 is counted." in done.stdout
    other = here(*asked, "24")
    assert "million weights, bfloat16" in other.stdout
    assert "bfloat16 is assumed: an older card" in other.stdout
    assert json.loads(here(*asked, "16", "--json").stdout)["precision"] == "float32"


def test_what_does_not_fit_a_card_is_said_to_be_about_the_card():
    need = needed(pace=dataclasses.replace(PACE, kind="cuda", process_bytes=4 * 10**9))
    short = dataclasses.replace(need, free_bytes=10**9)
    assert "Only 1.0 GB are free on the card" in need_line(short)
    assert "finetune" in [rung.rung for rung in too_large(short)]
    assert not too_large(dataclasses.replace(need, free_bytes=24 * 10**9))
