"""The main job through its real door: the command, real processes, a small real model."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.floors import FLOOR_TITLES
from harness.store import Run
from tests.command import killed_once, rungwise
from tests.conftest import write_label_project


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_model) -> Path:
    """A project whose check was killed in the middle of training and then gone on with."""
    root = tmp_path_factory.mktemp("e2e") / "project"
    make_project(root, tiny_model)
    start_and_kill_in_training(root)
    run = Run(root / "runs" / "first")
    before = {cell: run.cell_file(cell).stat().st_mtime_ns for cell in done(run)}
    again = rungwise("check", root, "--run", "first")
    assert again.returncode == 0, again.stderr
    (root / "before.json").write_text(json.dumps(before), encoding="utf-8")
    (root / "stdout.txt").write_text(again.stdout, encoding="utf-8")
    return root


def make_project(root: Path, model: Path) -> None:
    write_label_project(root, model, ["prompt", "few_shot", "finetune", "rag"])


def start_and_kill_in_training(root: Path) -> None:
    run = Run(root / "runs" / "first")

    def training() -> bool:
        return any(e.cell == "finetune-s0" and e.message == "Training" for e in run.events()[0])

    killed_once(training, "check", root, "--run", "first")


def done(run: Run) -> list[str]:
    return [cell for cell in run.plan().cells if run.finished(cell)]


def test_a_killed_check_goes_on_and_leaves_finished_cells_untouched(finished):
    run = Run(finished / "runs" / "first")
    before = json.loads((finished / "before.json").read_text(encoding="utf-8"))
    assert set(before) >= {"majority-s0", "prompt-s0", "few_shot-s0"}
    assert "finetune-s0" not in before
    after = {cell: run.cell_file(cell).stat().st_mtime_ns for cell in before}
    assert after == before
    assert set(done(run)) == set(run.plan().cells)


def test_every_held_out_question_is_answered_exactly_once_by_every_rung(finished):
    run = Run(finished / "runs" / "first")
    ids = sorted(query.id for query in run.queries())
    assert len(ids) == 30
    for name in ("majority-s0", "prompt-s0", "few_shot-s0", "finetune-s0"):
        cell = run.cell(name)
        assert sorted(answer.query_id for answer in cell.answers) == ids
        assert cell.failures == ()


def test_experiment_json_holds_what_the_contract_promises(finished):
    experiment = json.loads((finished / "runs/first/experiment.json").read_text(encoding="utf-8"))
    assert experiment["schema"] == 1
    assert list(experiment["rungs"]) == ["prompt", "few_shot", "finetune"]
    assert set(experiment["floors"]) == {"majority", "nearest", "linear"}
    assert experiment["skipped"] == {"rag": "the project has no documents"}
    assert len(experiment["comparisons"]) == 3
    score = experiment["rungs"]["finetune"]["scores"]["accuracy_score"]
    assert score["n"] == 30 and score["n_failed"] == 0
    assert 0 <= score["low"] <= score["mean"] <= score["high"] <= 1
    # whether the machine was quiet is not this test's to decide; what rows do not say is null
    held = {line["check"]: line["holds"] for line in experiment["fairness"]}
    busy = next(check for check in held if "quiet" in check)
    assert False not in [holds for check, holds in held.items() if check != busy], held
    assert experiment["verdict"]["recommended"] in (*experiment["rungs"], "none")
    assert experiment["verdict"]["agreement"] is None
    curve = experiment["rungs"]["finetune"]["effort"]["tried"][0]["curve"]
    assert curve[-1]["dev_loss"] < curve[0]["train_loss"], "training learned nothing"


def test_the_summary_names_every_rung_and_floor(finished):
    text = (finished / "stdout.txt").read_text(encoding="utf-8")
    for name in ("Prompt ", "(few_shot)", "(finetune)", *FLOOR_TITLES.values()):
        assert name in text
    assert "held-out questions" in text


def test_show_and_runs_read_the_store_without_running_anything(finished):
    shown = rungwise("show", finished / "runs" / "first", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["run"] == "first"
    listed = rungwise("runs", finished, "--json")
    assert [row["state"] for row in json.loads(listed.stdout)] == ["finished"]


def test_a_finished_check_is_only_assembled_again(finished):
    before = Run(finished / "runs" / "first").events()[0]
    again = rungwise("check", finished, "--run", "first", "--json")
    assert again.returncode == 0, again.stderr
    after = Run(finished / "runs" / "first").events()[0]
    assert {event.cell for event in after[len(before) :]} == {""}
    assert json.loads(again.stdout)["run"] == "first"


def test_a_check_can_be_cancelled_from_outside_and_says_how_to_go_on(tmp_path, tiny_model):
    root = tmp_path / "project"
    make_project(root, tiny_model)
    command = [sys.executable, "-m", "advisor", "check", str(root), "--run", "first"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    run = Run(root / "runs" / "first")
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and not any(e.cell for e in run.events()[0]):
        time.sleep(0.05)
    run.cancel_file.touch()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "stopped on request" in said and "--run first" in said
    assert "Traceback" not in said
    assert run.events()[0][-1].kind == "cancelled"


def test_two_checks_on_one_run_do_not_get_into_each_others_way(finished, tmp_path):
    from filelock import FileLock

    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    with FileLock(copy / "runs" / "first" / "check.lock"):
        second = rungwise("check", copy, "--run", "first")
    assert second.returncode == 2
    assert "another process is working on this run" in second.stderr
