import dataclasses

import pytest

from harness.disk import write_json
from harness.fairness import NO_ANSWER_FAILED, fairness
from harness.store import Cell, Run
from harness.types import Answer, Example, Failure, Preparation, Task, TaskSpec
from tests.advisor.report_runs import start

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(4))
TASK = Task(SPEC, (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),), HELDOUT, (), "f1")


@pytest.fixture
def run(tmp_path) -> Run:
    return start(tmp_path / "runs" / "second", TASK, ["prompt-s0", "rag-s0"])


def cell(rung: str = "prompt", ids=("h0", "h1", "h2", "h3"), failed=(), **more) -> Cell:
    values = {
        "cell": f"{rung}-s0",
        "rung": rung,
        "seed": 0,
        "preparation": Preparation({}, {"dev_answers": 12}),
        "answers": tuple(Answer(name, "a") for name in ids),
        "failures": tuple(Failure(name, "prompt_too_long", "") for name in failed),
        "answer_s": 1.0,
        "peak_memory_bytes": 1,
        "path": "engine",
        "device": "cpu",
    }
    return Cell(**{**values, **more})


def lines(run: Run, *cells: Cell) -> dict[str, tuple[bool, str]]:
    checks = fairness(run, run.plan(), cells, HELDOUT)
    return {line.check: (line.holds, line.detail) for line in checks}


def one(found: dict[str, tuple[bool, str]], start_of_check: str) -> tuple[bool, str]:
    (line,) = [value for check, value in found.items() if check.startswith(start_of_check)]
    return line


def earlier(run: Run, name: str, task: Task = TASK, *, finished: bool = True, **plan) -> Run:
    other = start(run.folder.parent / name, task, ["prompt-s0"])
    if finished:
        write_json(other.folder / "experiment.json", {})
    if plan:
        write_json(other.folder / "run.json", dataclasses.replace(other.plan(), **plan))
    return other


def test_a_fair_run_holds_on_every_line(run):
    found = lines(run, cell(), cell("rag"), cell("majority", path="", device=""))
    assert all(holds for holds, _ in found.values()), found
    assert one(found, "Every rung answered") == (True, "4 questions, each once per rung and seed")
    effort = one(found, "Effort is on record")[1]
    assert effort.startswith("quick; ") and effort.count(" 12") == 2, "the floors spend nothing"


@pytest.mark.parametrize(
    "ids", [("h0", "h1", "h2"), ("h0", "h1", "h2", "h3", "h3"), ("h0", "h1", "h2", "other")]
)
def test_a_question_left_out_or_doubled_or_foreign_is_named(run, ids):
    found = lines(run, cell(), cell("rag", ids))
    assert one(found, "Every rung answered") == (False, "rag-s0")


def test_a_failure_counts_as_asked_and_is_told_on_its_own_line(run):
    found = lines(run, cell("rag", ("h0", "h1", "h2"), ("h3",)))
    assert one(found, "Every rung answered")[0]
    assert found[NO_ANSWER_FAILED] == (False, "1 failed; not counted as wrong or right")


def test_rungs_on_different_devices_or_implementations_are_not_the_same_model(run):
    for other in ({"device": "cuda"}, {"path": "library"}):
        holds, detail = one(lines(run, cell(), cell("rag", **other)), "Same base model")
        assert not holds
        assert "engine on cpu" in detail and next(iter(other.values())) in detail


def test_the_first_look_at_a_held_out_set_is_fresh(run):
    assert one(lines(run, cell()), "The held-out set is fresh") == (
        True,
        "first run on this held-out set",
    )


def test_an_earlier_look_at_the_same_questions_is_counted_whatever_else_changed(run):
    earlier(run, "first")
    changed = dataclasses.replace(TASK, train=(*TASK.train, *TASK.dev), fingerprint="f2")
    earlier(run, "other", changed)
    holds, detail = one(lines(run, cell()), "The held-out set is fresh")
    assert not holds
    assert detail.startswith("3 runs of this project used it")


def test_runs_that_showed_nobody_anything_are_not_counted(run):
    earlier(run, "never-finished", finished=False)
    earlier(run, "afterwards", created="2030-01-01T00:00:00.000+00:00")
    others = tuple(Example(f"n{i}", f"another message {i}", ("a",)) for i in range(3))
    earlier(run, "other-questions", dataclasses.replace(TASK, heldout=(HELDOUT[0], *others)))
    damaged = earlier(run, "damaged")
    (damaged.folder / "run.json").write_text("{", encoding="utf-8")
    unreadable = earlier(run, "without-data")
    (unreadable.folder / "data" / "queries.jsonl").unlink()
    assert one(lines(run, cell()), "The held-out set is fresh")[0]


def test_decoding_among_allowed_answers_only_is_told(run):
    _, plain = one(lines(run, cell()), "Same system prompt")
    _, told = one(lines(run, cell(), cell("constrained")), "Same system prompt")
    assert "allowed" not in plain
    assert told == f"{plain}; constrained prompt: among allowed answers only"
