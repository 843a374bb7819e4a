"""Whether the model knows the answers by itself is said before documents cost anything."""

import pytest

from advisor.progress import progress
from harness.known_already import KnownAlready
from harness.runner import run_check
from harness.types import Answer, Example, Task, TaskSpec
from rag.types import Document
from tests.advisor.report_runs import put, start

SPEC = TaskSpec("desk", "answer", "Answer.", metric="exact_match_score")
HELDOUT = tuple(Example(f"h{i}", f"How long is step {i}?", (f"{i} days",)) for i in range(20))
TRAIN = (Example("t", "x", ("a",)), Example("u", "y", ("b",)))
PAGE = Document("a.md", "Text.", "a.md", None, "A")
TASK = Task(SPEC, TRAIN[:1], TRAIN[1:], HELDOUT, (PAGE,), "f00d")
CELLS = ["majority-s0", "prompt-s0", "index-s0", "rag-s0", "finetune-s0"]


def answered(n_right):
    """So many right answers, then wrong ones."""
    return [Answer(e.id, e.references[0] if i < n_right else "?") for i, e in enumerate(HELDOUT)]


def looking(tmp_path, n_right, cells=CELLS):
    run = start(tmp_path / "runs" / "one", TASK, cells)
    known = KnownAlready(run, run.plan())
    assert known.before(["index-s0"]) == "", "the prompt has not answered yet"
    put(run, "prompt", 0, answered(n_right))
    return known


@pytest.mark.parametrize("n_right", [10, 20])
def test_from_half_on_it_is_said_once_before_the_first_costly_cell(tmp_path, n_right):
    known = looking(tmp_path, n_right)
    assert known.before(["few_shot-s0"]) == "", "examples cost little"
    assert known.before([]) == "", "nothing is left to run"
    said = known.before(["index-s0"])
    assert said.startswith("The questions may not need your documents: the prompt alone ")
    assert f"answers {n_right} of 20 document questions right ({5 * n_right} %)" in said
    assert said.endswith("The check goes on.")
    assert known.before(["rag-s0"]) == ""


def test_below_half_nothing_is_said(tmp_path):
    assert looking(tmp_path, 9).before(["index-s0"]) == ""


def test_where_nothing_reads_documents_nothing_is_said(tmp_path):
    cells = ["prompt-s0", "finetune-s0"]
    assert looking(tmp_path, 20, cells).before(["finetune-s0"]) == ""


def test_a_check_says_it_and_goes_on(tmp_path, monkeypatch):
    def played(run, cells, watch):
        for cell in cells:
            put(run, cell.rpartition("-s")[0], 0, answered(15 if cell == "prompt-s0" else 5))
        watch()
        return 0

    monkeypatch.setattr("harness.runner.run_process", played)
    run, heard = start(tmp_path / "runs" / "one", TASK, CELLS), []
    experiment = run_check(run, heard.append)
    assert list(experiment.rungs) == ["prompt", "rag", "finetune"]
    told = [event.message for event in heard if "may not need your documents" in event.message]
    assert len(told) == 1
    assert progress(run).remarks == tuple(told), "the page shows it too"
