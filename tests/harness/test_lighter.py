"""A training whose process was killed, most often for lack of memory, goes on with half as much."""

# ruff: noqa: F811 (a fixture of the runner's tests, taken over by name)

import subprocess
import sys
import time

import psutil
import pytest

from harness.runner import run_check
from harness.store import Run
from harness.types import Answer
from tests.advisor.report_runs import put
from tests.command import PATIENCE_S
from tests.conftest import write_label_project
from tests.harness.test_runner import CELLS, TASK, play  # noqa: F401

KILLED = "the process was killed, most often for lack of memory"


def dying(times: int, training: bool = True):
    """A fate: so often killed, then answered to the end."""
    left = [times]

    def fate(run: Run) -> int:
        if left[0]:
            left[0] -= 1
            begun = run.cell_file("finetune-s0", ".preparing")
            begun.touch() if training else begun.unlink(missing_ok=True)
            return -9
        put(run, "finetune", 0, [Answer(example.id, "login") for example in TASK.heldout])
        return 0

    return fate


def test_a_training_that_was_killed_is_started_once_more_with_half_as_much(play):
    run, processes = play(CELLS, {"finetune-s0": dying(1)})
    assert run_check(run).failed == {}
    assert processes.calls[-2:] == [["finetune-s0"], ["finetune-s0"]]
    assert run.parts("finetune-s0") == 2 and run.parts("rag-s0") == 1
    said = [event.message for event in run.events()[0] if event.cell == "finetune-s0"]
    (told,) = [one for one in said if "killed while preparing" in one]
    assert "it goes on with half as much at once" in told


def test_one_that_is_killed_again_has_failed_and_a_later_try_halves_once_more(play):
    run, processes = play(CELLS, {"finetune-s0": dying(2)})
    assert run_check(run).failed == {"finetune-s0": KILLED}
    assert processes.calls.count(["finetune-s0"]) == 2
    run, _ = play(CELLS, {"finetune-s0": dying(1)})
    assert run_check(run).failed == {} and run.parts("finetune-s0") == 4


def test_who_was_killed_while_answering_is_not_tried_again(play):
    run, processes = play(CELLS, {"finetune-s0": dying(1, training=False)})
    assert run_check(run).failed == {"finetune-s0": KILLED}
    assert processes.calls.count(["finetune-s0"]) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_training_killed_by_the_system_comes_to_its_end_in_the_same_check(
    tmp_path, tiny_model
):
    root = tmp_path / "project"
    write_label_project(root, tiny_model, ["finetune"])
    run = Run(root / "runs" / "first")
    command = [sys.executable, "-m", "advisor", "check", str(root), "--run", "first"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + PATIENCE_S
        while not any(event.message == "Training" for event in run.events()[0]):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        for child in psutil.Process(process.pid).children():
            child.kill()
        _, screen = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, screen
    cell = run.cell("finetune-s0")
    assert len(cell.answers) == 30
    assert cell.preparation.settings["tokens_at_once_after_a_kill"] == 1024
