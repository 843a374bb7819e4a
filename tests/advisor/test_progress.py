"""What a page shows of a check, read from events that are written as cells write them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from filelock import FileLock

from advisor.progress import progress, state_of
from advisor.scored_words import score_words
from advisor.training_figures import Look, look_words, pace_words
from harness.store import Event, Run
from harness.types import Answer, Example, Task, TaskSpec
from harness.watch import STARTING
from tests.advisor.report_runs import put, start

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(40))
TASK = Task(SPEC, (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),), HELDOUT, (), "f1")
CELLS = ["majority-s0", "index-s0", "prompt-s0", "finetune-s0"]


@pytest.fixture
def run(tmp_path) -> Run:
    return start(tmp_path / "runs" / "first", TASK, CELLS)


@pytest.fixture
def alive(run):
    """A process works on the run."""
    with FileLock(run.folder / "check.lock"):
        yield run


def tell(run: Run, cell: str, kind: str, message: str = "", ago: float = 0.0, **figures) -> None:
    """An event of so many seconds ago."""
    at = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")
    with (run.folder / "events.jsonl").open("ab") as out:
        out.write(msgspec.json.encode(Event(at, cell, kind, message, figures)) + b"\n")


def train(run: Run, step: int, rate: float = 0.001, **more) -> None:
    figures = {"step": step, "steps": 20, "loss": 2.0 / step, "learning_rate": rate,
               "tokens_per_s": 500.4, "seconds_left": 90.0}  # fmt: skip
    tell(run, "finetune-s0", "doing", "Training", **{**figures, **more})


def cell(run: Run, name: str):
    return next(one for one in progress(run).cells if one.cell == name)


# The run


def test_floors_are_not_shown_and_the_rest_waits_in_its_order(run):
    found = progress(run)
    assert [one.cell for one in found.cells] == CELLS[1:]
    assert {one.state for one in found.cells} == {"waiting"} and found.waiting == 3
    assert found.working is None


def test_a_run_that_nobody_works_on_is_stopped_until_it_has_a_result(run):
    assert state_of(run) == "stopped"
    (run.folder / "experiment.json").write_text("{}", encoding="utf-8")
    assert state_of(run) == "finished"


def test_a_run_whose_lock_is_held_is_running(alive):
    assert state_of(alive) == "running"


def test_what_was_said_of_an_earlier_start_is_no_longer_said(run):
    """A climb has stopped, and then the rest was run too."""
    stops = "Prompt is good enough; what costs more is not run."
    tell(run, "", "started", cells=CELLS)
    tell(run, "", "doing", stops)
    assert progress(run).remarks == (stops,)
    tell(run, "", "doing", STARTING)
    assert progress(run).remarks == ()
    tell(run, "", "started", cells=CELLS)
    tell(run, "finetune-s0", "started")
    assert progress(run).remarks == ()
    tell(run, "", "doing", "The disk is slow.")
    tell(run, "finetune-s0", "started")
    assert progress(run).remarks == ("The disk is slow.",)
    assert len(progress(run).log) == 7, "all of it stays in the log"


def test_a_process_that_does_not_report_in_time_did_not_start(run):
    tell(run, "", "doing", STARTING, ago=5)
    assert state_of(run) == "starting"
    tell(run, "", "doing", STARTING, ago=31)
    assert state_of(run) == "stopped"


# A cell


def test_answering_tells_how_many_how_far_and_how_long(alive):
    tell(alive, "prompt-s0", "started", ago=30)
    tell(alive, "prompt-s0", "answered", ago=20, done=10, total=40)
    tell(alive, "prompt-s0", "answered", ago=10, done=20, total=40)
    found = cell(alive, "prompt-s0")
    assert (found.state, found.doing) == ("working", "answering, 20 of 40")
    assert found.share == pytest.approx(0.5)
    assert found.left_s == pytest.approx(20, abs=1), "ten in ten seconds, and twenty are left"
    assert progress(alive).working.cell == "prompt-s0"


def test_after_one_look_the_time_left_is_not_known(alive):
    tell(alive, "prompt-s0", "started", ago=30)
    tell(alive, "prompt-s0", "answered", ago=20, done=10, total=40)
    assert cell(alive, "prompt-s0").left_s is None


def test_training_tells_step_and_learning_rate_and_fills_most_of_the_bar(alive):
    tell(alive, "finetune-s0", "started")
    train(alive, 5)
    train(alive, 10)
    found = cell(alive, "finetune-s0")
    assert found.doing == "training, step 10 of 20" and found.left_s == 90
    assert found.share == pytest.approx(0.3)
    assert [(loss.step, loss.loss) for loss in found.losses] == [(5, 0.4), (10, 0.2)]
    train(alive, 5, rate=0.0005)
    again = cell(alive, "finetune-s0")
    assert again.doing == "training, step 5 of 20, learning rate 2 of 2"
    assert again.share == pytest.approx(0.6 * (1 + 0.25) / 2)
    tell(alive, "finetune-s0", "answered", done=20, total=40)
    assert cell(alive, "finetune-s0").share == pytest.approx(0.8)


def test_a_training_tells_its_pace_and_what_dev_said_and_can_be_ended_until_it_answers(alive):
    tell(alive, "finetune-s0", "started")
    assert not cell(alive, "finetune-s0").training
    train(alive, 10, rate_now=0.00025)
    dev = {"step": 10, "dev_loss": 0.6, "dev_metric": 0.72, "learning_rate": 0.001}
    tell(alive, "finetune-s0", "doing", "Tested on dev", **dev)
    found = cell(alive, "finetune-s0")
    assert found.training
    assert pace_words(found.pace) == "loss 0.20, learning rate 0.00025, 500 tokens/s, 90 s left"
    assert found.looks == (Look(10, 0.6, 0.72, 0.001),)
    assert look_words(found.looks[0]) == "dev after step 10: loss 0.60, score 72 %"
    assert progress(alive).log[-1].endswith("  finetune: dev after step 10: loss 0.60, score 72 %")
    tell(alive, "finetune-s0", "answered", done=1, total=40)
    assert not cell(alive, "finetune-s0").training


def test_steps_that_a_new_process_makes_again_are_drawn_once(run):
    for step in (1, 2, 3, 2, 3, 4):
        train(run, step)
    assert [loss.step for loss in cell(run, "finetune-s0").losses] == [1, 2, 3, 4]


def test_a_stopped_training_cannot_be_ended(run):
    tell(run, "finetune-s0", "started")
    train(run, 10)
    assert not cell(run, "finetune-s0").training


def test_a_score_that_is_undefined_or_turned_round_is_not_shown_as_a_share():
    assert look_words(Look(3, 0.6, None, 0.001)) == "dev after step 3: loss 0.60"
    assert look_words(Look(3, 0.6, -4.2, 0.001)) == "dev after step 3: loss 0.60"


def test_anything_else_is_told_in_its_own_words(alive):
    tell(alive, "prompt-s0", "started")
    assert cell(alive, "prompt-s0").doing == "starting"
    tell(alive, "prompt-s0", "doing", "Loading the language model")
    assert cell(alive, "prompt-s0").doing == "loading the language model"


def test_a_finished_cell_says_how_long_it_took(run):
    put(run, "prompt", 0, [Answer(e.id, "a") for e in HELDOUT])
    assert cell(run, "prompt-s0").doing == "done"
    tell(run, "prompt-s0", "started", ago=80)
    tell(run, "prompt-s0", "finished", ago=5)
    found = cell(run, "prompt-s0")
    assert (found.state, found.doing, found.share) == ("finished", "done in 75 s", 1.0)


SCORE = {"metric_title": "right label", "mean": 0.5, "low": 0.35, "high": 0.65, "n": 40}


def test_a_finished_rung_says_what_it_scored_and_the_floors_what_is_to_be_beaten(run):
    for name in ("majority", "prompt"):
        put(run, name, 0, [Answer(e.id, "a") for e in HELDOUT])
        tell(run, f"{name}-s0", "started", ago=100)
        tell(run, f"{name}-s0", "finished", ago=10)
        tell(run, f"{name}-s0", "scored", **SCORE)
    found = cell(run, "prompt-s0")
    assert found.doing == "done in 90 s"
    assert found.score == "50 % (35–65 %)"
    now = progress(run)
    assert now.scores.startswith("Scores: right label, on held-out questions")
    assert now.scores.endswith("model: always the commonest answer 50 % (35–65 %).")
    told = "prompt: 50 % (35–65 %) on right label, 40 held-out questions"
    assert any(told in line for line in now.log)
    assert cell(run, "finetune-s0").score == ""


def test_failed_answers_are_told_with_a_score():
    said = score_words(Event("", "rag-s0", "scored", "", {**SCORE, "n_failed": 2}))
    assert said == "50 % (35–65 %) on right label, 40 held-out questions; 2 more failed"


def test_a_score_without_an_interval_is_told_without_one(run):
    put(run, "prompt", 0, [Answer(e.id, "a") for e in HELDOUT])
    tell(run, "prompt-s0", "scored", **{**SCORE, "low": None, "high": None})
    assert cell(run, "prompt-s0").score == "50 %"


def test_a_failed_cell_says_why_and_what_to_do(run):
    tell(run, "prompt-s0", "started")
    tell(run, "prompt-s0", "failed", "out of memory", fix="a smaller model")
    found = cell(run, "prompt-s0")
    assert (found.state, found.doing, found.fix) == ("failed", "out of memory", "a smaller model")


def test_a_process_that_died_before_its_first_word_has_failed_too(run):
    tell(run, "prompt-s0", "failed", "ImportError: no such library", fix="see the log")
    found = cell(run, "prompt-s0")
    assert (found.state, found.doing) == ("failed", "ImportError: no such library")


def test_a_new_try_forgets_the_failure(alive):
    tell(alive, "prompt-s0", "started")
    tell(alive, "prompt-s0", "failed", "out of memory")
    tell(alive, "prompt-s0", "started")
    assert cell(alive, "prompt-s0").state == "working"


def test_what_was_under_way_when_the_process_went_is_said(run):
    tell(run, "prompt-s0", "started")
    tell(run, "prompt-s0", "answered", done=10, total=40)
    found = cell(run, "prompt-s0")
    assert (found.state, found.doing) == ("waiting", "stopped while answering, 10 of 40")
    assert found.share == pytest.approx(0.25) and found.left_s is None


def test_the_log_has_a_line_for_every_event(run):
    tell(run, "", "started")
    tell(run, "prompt-s0", "answered", done=10, total=40)
    train(run, 10)
    lines = [line.split("  ", 1)[1] for line in progress(run).log]
    assert lines == [
        "check: started",
        "prompt: answered 10 of 40",
        "finetune: training, step 10 of 20, loss 0.200, 500 tokens a second",
    ]
