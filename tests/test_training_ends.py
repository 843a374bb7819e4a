"""A training ended by hand, through the command: the check goes on with what there is."""

import json
import subprocess
import sys
import time

import pytest

from harness.store import Run
from tests.command import PATIENCE_S, here, refused
from tests.conftest import write_label_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def ended(tmp_path_factory, tiny_model):
    """A check of a full fine-tuning of a hundred epochs, told to use what it has."""
    root = tmp_path_factory.mktemp("ends") / "project"
    write_label_project(root, tiny_model, ["finetune"])
    with (root / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write('[tuning]\nmethod = "full"\nepochs = 100\nlearning_rate = 2e-4\n')
    command = [sys.executable, "-m", "advisor", "check", str(root), "--run", "first", "--json"]
    run = Run(root / "runs" / "first")
    with (root / "stderr.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            until = time.monotonic() + PATIENCE_S
            while not any(event.message == "Training" for event in run.events()[0]):
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.1)
            told = here("stop", run.folder, "--keep-best")
            out, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()  # a hundred epochs beside the other tests, where one of these failed
    screen = (root / "stderr.txt").read_text(encoding="utf-8")
    assert process.returncode == 0, screen
    return run, told, json.loads(out), screen


def test_the_training_ends_and_the_check_goes_on(ended):
    run, told, experiment, _ = ended
    assert told.returncode == 0 and "best adapter so far" in told.stdout
    settings = experiment["rungs"]["finetune"]["settings"]
    steps, planned = settings["stopped_by_user"].removeprefix("after step ").split(" of ")
    assert 0 < int(steps) < int(planned)
    assert len(run.cell("finetune-s0").answers) == 30
    assert not run.enough_file.exists()


def test_the_fairness_list_says_that_it_was_ended_by_hand(ended):
    lines = {line["check"]: line for line in ended[2]["fairness"]}
    line = lines["Every training came to its own end"]
    assert line["holds"] is False
    assert "finetune-s0 was ended by hand after step" in line["detail"]


def test_all_weights_were_trained_and_lie_in_the_run_as_a_model(ended):
    run, _, experiment, _ = ended
    settings = experiment["rungs"]["finetune"]["settings"]
    assert settings["method"] == "full" and "rank" not in settings
    assert settings["learning_rate"] == 2e-4
    folder = run.folder / "adapters" / "finetune-s0"
    assert (folder / "model.safetensors").is_file() and (folder / "config.json").is_file()
    assert not list(run.folder.rglob("checkpoint"))


def test_the_terminal_shows_how_the_training_goes(ended):
    screen = ended[3]
    assert "training 1/" in screen and "learning rate" in screen and " left" in screen
    assert "dev after step" in screen


def test_stopping_what_does_not_run_says_so(ended):
    run = ended[0]
    assert refused(here("stop", run.folder, "--keep-best")) == {
        "first: no training is under way": "wait until its progress says training, or stop the "
        "check without --keep-best"
    }
    assert list(refused(here("stop", run.folder))) == ["first: nothing is running"]
