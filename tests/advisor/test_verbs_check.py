"""rungwise check, runs, show and report on one finished run of a small real model."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from advisor.numbers import percent
from advisor.settings_file import change
from harness.store import Run
from tests.command import PATIENCE_S, here, importable, make_project, refused, rungwise
from tests.conftest import label_rows

pytestmark = pytest.mark.timeout(600)

ROWS = "\n".join(json.dumps(row) for row in label_rows(90))
LABEL_TASK = '[data]\nexamples = "data/examples.jsonl"\nheldout = 30\n[task]\nkind = "label"\n'


class Checked(NamedTuple):
    root: Path
    status: int
    out: str
    screen: str
    """What a terminal showed on stderr."""


@pytest.fixture(scope="module")
def checked(tmp_path_factory, tiny_model) -> Checked:
    """A check with settings of its own, watched on a terminal, its result taken as JSON."""
    root = tmp_path_factory.mktemp("check") / "p"
    config = f'{LABEL_TASK}[check]\nrungs = ["finetune"]\nseeds = 3\neffort = "thorough"\n'
    make_project(root, config, examples__jsonl=ROWS)
    screen, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown: list[bytes] = []

    def watch() -> None:
        while True:
            try:
                shown.append(os.read(screen, 4096))
            except OSError:  # the other side has closed
                return

    watching = threading.Thread(target=watch)
    watching.start()
    command = [
        sys.executable, "-m", "advisor", "check", root, "--rungs", "prompt,prompt", "--seeds", "2",
        "--effort", "quick", "--model", tiny_model, "--run", "one", "--json",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=theirs, timeout=PATIENCE_S
        )
    finally:
        os.close(theirs)
        watching.join()
        os.close(screen)
    return Checked(root, done.returncode, done.stdout.decode(), b"".join(shown).decode())


def test_check_takes_rungs_seeds_effort_model_and_run_from_the_command(checked, tiny_model):
    assert checked.status == 0, checked.screen
    plan = Run(checked.root / "runs" / "one").plan()
    assert plan.cells == ("majority-s0", "nearest-s0", "linear-s0", "prompt-s0"), "a rung once"
    assert (plan.seeds, plan.effort, plan.generator) == (2, "quick", str(tiny_model))
    assert (plan.margin, plan.run) == (0.03, "one"), "the rest is as in rungwise.toml"


def test_check_prints_experiment_json_and_nothing_else_on_stdout(checked):
    stored = json.loads((checked.root / "runs" / "one" / "experiment.json").read_bytes())
    assert json.loads(checked.out) == stored


def test_check_shows_a_bar_for_each_cell_on_a_terminal(checked):
    assert "[4/4] prompt-s0" in checked.screen
    assert "No target is set, so the verdict says which rung is best" in checked.screen
    assert "Answering: 100%|" in checked.screen and "30/30" in checked.screen
    assert "    answering 30/30" not in checked.screen, "plain lines are for files"
    score = json.loads(checked.out)["rungs"]["prompt"]["scores"]["accuracy_score"]["mean"]
    assert f"    Prompt: {percent(score)} (" in checked.screen


def test_an_old_run_goes_on_with_the_options_it_was_started_with(checked, tiny_model):
    same = ("--rungs", "prompt", "--seeds", "2", "--effort", "quick", "--model", tiny_model)
    again = here("check", checked.root, "--run", "one", *same, "--json")
    assert again.returncode == 0, again.stderr
    assert "one goes on with the settings it was started with." in again.stderr
    assert json.loads(again.stdout)["rungs"].keys() == {"prompt"}


def test_other_options_than_a_run_was_started_with_are_refused_each_by_name(checked, tiny_model):
    other = ("--rungs", "rag,prompt", "--seeds", "3", "--effort", "thorough", "--model", "big",
             "--target", "0.5", "--climb")  # fmt: skip
    told = refused(here("check", checked.root, "--run", "one", *other))
    assert list(told) == [
        "--rungs: one was started with prompt, not prompt,rag",
        "--seeds: one was started with 2, not 3",
        "--effort: one was started with quick, not thorough",
        f"--model: one was started with {tiny_model}, not big",
        "--target: one was started without a target",
        "--climb: one goes on to every rung by now (--no-climb)",
    ]
    assert told["--seeds: one was started with 2, not 3"] == (
        "leave --seeds out to go on with that, or start another run: --run NAME"
    )
    assert Run(checked.root / "runs" / "one").plan().effort == "quick"


def test_a_climb_needs_a_target_and_a_target_is_a_share(checked, tiny_model):
    told = refused(here("check", checked.root, "--climb", "--model", tiny_model))
    (fix,) = (fix for error, fix in told.items() if "climbing needs a target" in error)
    assert "--target 0.80" in fix
    told = refused(here("check", checked.root, "--target", "80", "--model", tiny_model))
    (fix,) = (fix for error, fix in told.items() if "a share from 0 to 1" in error)
    assert "target = 0.80" in fix


def test_runs_lists_the_newest_first_with_its_verdict(checked):
    listed = json.loads(here("runs", checked.root, "--json").stdout)
    headline = json.loads(checked.out)["verdict"]["headline"]
    assert [(row["run"], row["state"], row["verdict"]) for row in listed] == [
        ("one", "finished", headline)
    ]
    assert headline in here("runs", checked.root).stdout


def test_show_finds_a_run_by_folder_and_by_name_in_the_project_folder(checked, monkeypatch):
    folder = checked.root / "runs" / "one"
    assert json.loads(here("show", folder, "--json").stdout) == json.loads(checked.out)
    monkeypatch.chdir(checked.root)
    text = here("show", "one")
    assert text.returncode == 0 and text.stderr == ""
    assert "Differences:" in text.stdout and "(Always the commonest answer)" in text.stdout
    found = refused(here("show", "two"))
    assert found == {"there is no run 'two'": "give the run's folder; known here: one"}


@pytest.mark.parametrize("typed", ["runs/zzz", "zzz", ""])
def test_a_run_that_is_not_there_names_those_of_the_project_that_was_typed(
    checked, monkeypatch, tmp_path, typed
):
    monkeypatch.chdir(tmp_path)
    (fix,) = refused(here("show", checked.root / typed)).values()
    assert str(checked.root / "runs" / "one") in fix


def test_report_writes_every_format_asked_for_and_prints_only_where(checked, tmp_path):
    done = here(
        "report", checked.root / "runs" / "one", "--format", "html, json", "--out", tmp_path,
        "--audience", "executive",
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    written = [Path(line) for line in done.stdout.splitlines()]
    assert written == [tmp_path / "report-executive.html", tmp_path / "report-executive.json"]
    assert all(path.stat().st_size > 1000 for path in written)


def test_a_project_folder_is_found_from_anywhere(checked, tmp_path):
    command = [sys.executable, "-m", "advisor", "runs", str(checked.root), "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, env=importable(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)[0]["run"] == "one"


def test_check_climbs_to_a_target_and_later_runs_the_rest(checked, tiny_model):
    # the tiny model is right in next to nothing: a target of 1 % is the margin below 0
    asked = ("check", checked.root, "--run", "up", "--json")
    how = ("--rungs", "prompt,few_shot", "--effort", "quick", "--model", tiny_model)
    done = rungwise(*asked, *how, "--climb", "--target", "0.01")
    assert done.returncode == 0, done.stderr
    assert "With 30 held-out questions a difference of about 27 points between" in done.stderr
    found = json.loads(done.stdout)
    assert list(found["rungs"]) == ["prompt"] and list(found["not_run"]) == ["few_shot"]
    assert any("prompt with examples" in text for text in found["verdict"]["would_change_if"])
    done = rungwise(*asked, "--no-climb")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["rungs"]) == ["prompt", "few_shot"] and found["not_run"] == {}
    again = refused(here(*asked, *how, "--climb", "--target", "0.01"))
    assert list(again) == ["--climb: up goes on to every rung by now (--no-climb)"]


def test_a_later_check_says_which_decision_to_look_at_again(checked):
    run = checked.root / "runs" / "one"
    done = here("decide", run, "--rung", "none", "--by", "A", "--why", "So.",
                "--score-below", "0.7")  # fmt: skip
    assert done.returncode == 0, done.stderr
    change(checked.root, {("check", "newer_score"): 0.5})
    told = here("check", checked.root, "--run", "one").stdout
    assert "On one: Decided: None of these for now. Look at it again: Of newer questions" in told
