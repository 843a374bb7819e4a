import dataclasses

import pytest
import torch

from harness.cell import _watched, answer_open, cell_name, parse_cell, run_all, run_cell
from harness.contention import Contention
from harness.prompts import rendering
from harness.store import Run
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import start
from tuning.errors import TuningError

SPEC = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(6))
TRAIN = tuple(Example(f"t{i}", f"text {i}", ("b",)) for i in range(3))


@pytest.fixture
def run(tmp_path) -> Run:
    task = Task(SPEC, TRAIN, TRAIN[:1], HELDOUT, (), "f1")
    return start(tmp_path / "runs" / "first", task, ["majority-s0", "nearest-s0"])


def test_a_cell_answers_every_question_and_leaves_one_file(run):
    run_cell(run, "majority-s0")
    cell = run.cell("majority-s0")
    assert {answer.query_id for answer in cell.answers} == {e.id for e in HELDOUT}
    assert {answer.text for answer in cell.answers} == {"b"}
    assert not run.cell_file("majority-s0", ".partial.jsonl").exists()


def test_a_cell_never_opens_the_file_with_the_references(run):
    (run.folder / "data" / "heldout.jsonl").unlink()
    run_cell(run, "nearest-s0")
    assert len(run.cell("nearest-s0").answers) == len(HELDOUT)


def test_a_later_process_asks_only_what_is_open_and_adds_its_time_to_the_earlier_one(run):
    earlier = [Answer(e.id, "said before") for e in HELDOUT[:4]]
    run.append_results("majority-s0", earlier[:3], 20.0)
    run.append_results("majority-s0", earlier[3:], 5.0)
    run_cell(run, "majority-s0")
    cell = run.cell("majority-s0")
    assert [answer.text for answer in cell.answers] == ["said before"] * 4 + ["b"] * 2
    assert 25.0 < cell.answer_s < 26.0


def test_a_cell_whose_questions_are_all_answered_is_only_closed(run):
    run.append_results("nearest-s0", [Answer(e.id, "said before") for e in HELDOUT], 3.0)
    run_cell(run, "nearest-s0")
    cell = run.cell("nearest-s0")
    assert {answer.text for answer in cell.answers} == {"said before"} and cell.answer_s == 3.0


def test_a_cell_keeps_what_it_asked_with_and_what_others_did_while_it_was_timed(run, monkeypatch):
    """What an earlier process saw during the timed answers is not lost when a later one closes."""

    class Counting:
        """Each look finds a little more work than the one before."""

        def __init__(self):
            self.looks = 0

        def read(self):
            self.looks += 1
            return Contention(0.25 * self.looks, 2)

    monkeypatch.setattr("harness.cell.Meter", Counting)
    seconds = [None, 0.5, None, 0.5, None, None]
    answers = (Answer(e.id, "a", latency_s=s) for e, s in zip(HELDOUT, seconds, strict=True))
    watched = _watched(run, "nearest-s0", answers)
    next(watched)
    assert run.contention("nearest-s0") is None, "no model was asked yet"
    list(watched)
    assert run.contention("nearest-s0") == Contention(0.5, 2), "up to the last timed answer"
    run_cell(run, "nearest-s0")
    cell = run.cell("nearest-s0")
    assert cell.contention is not None and cell.rendering == rendering(SPEC)


def test_answers_for_which_no_model_was_asked_do_not_count_as_timed(run):
    """A rung may abstain from many questions first; a later process still times the others."""
    asked = []

    class Rung:
        def answer(self, queries, timed):
            asked.append((len(queries), timed))
            yield from (Answer(query.id, "a") for query in queries)

    run.append_results("rag-s0", [Answer(e.id, "I do not know.") for e in HELDOUT[:3]])
    run.append_results("rag-s0", [Answer(HELDOUT[3].id, "a", latency_s=0.5)])
    answer_open(run, "rag-s0", Rung(), 2)
    assert asked == [(2, 1)]


def test_a_finished_cell_is_not_run_again(run):
    run_cell(run, "majority-s0")
    before = run.cell_file("majority-s0").stat().st_mtime_ns
    run_cell(run, "majority-s0")
    assert run.cell_file("majority-s0").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the docs"),
            "memory ran out: CUDA out of memory. Tried to allocate 2.00 GiB.",
        ),
        (MemoryError(), "memory ran out: the system gave none"),
    ],
)
def test_memory_that_runs_out_where_nothing_can_be_cut_is_told_with_what_to_do(
    run, monkeypatch, capfd, error, said
):
    def work(run, cell):
        raise error

    monkeypatch.setattr("harness.cell.end_with_parent", lambda: None)
    assert run_all(run, ["nearest-s0"], work) == 1
    (event,) = (one for one in run.events()[0] if one.kind == "failed")
    assert (event.message, event.cell) == (said, "nearest-s0")
    for way in ("close other programs", "smaller model", "batch_rows = 1", 'method = "qlora"'):
        assert way in event.figures["fix"]
    assert "Traceback" in capfd.readouterr().err, "the log says where"


def test_an_error_of_the_program_is_not_taken_for_a_lack_of_memory(run, monkeypatch):
    def work(run, cell):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr("harness.cell.end_with_parent", lambda: None)
    with pytest.raises(RuntimeError, match="shapes cannot"):
        run_all(run, ["nearest-s0"], work)
    assert not [one for one in run.events()[0] if one.kind == "failed"]


@pytest.mark.parametrize(("rung", "seed"), [("prompt", 0), ("rag_finetune", 12), ("a-s1", 2)])
def test_a_cells_name_tells_rung_and_seed(rung, seed):
    assert parse_cell(cell_name(rung, seed)) == (rung, seed)


def on_the_tiny_model(folder, model, spec: TaskSpec) -> Run:
    task = Task(spec, TRAIN, TRAIN[:1], HELDOUT, (), "f1")
    run = start(folder / "runs" / "closed", task, ["constrained-s0"])
    run.create(dataclasses.replace(run.plan(), generator=model.as_posix(), max_new_tokens=9), task)
    return run


def test_a_constrained_cell_leaves_nothing_but_labels(tmp_path, tiny_model):
    run = on_the_tiny_model(tmp_path, tiny_model, SPEC)
    run_cell(run, "constrained-s0")
    cell = run.cell("constrained-s0")
    assert len(cell.answers) == len(HELDOUT) and not cell.failures
    assert {answer.text for answer in cell.answers} <= set(SPEC.labels)
    assert cell.preparation.settings["method"] == "labels over a trie"


def test_a_schema_that_cannot_be_kept_ends_the_cell_before_its_first_answer(tmp_path, tiny_model):
    spec = TaskSpec("form", "json", "Fill in.", schema='{"type": "array", "uniqueItems": true}')
    run = on_the_tiny_model(tmp_path, tiny_model, spec)
    with pytest.raises(TuningError, match="uniqueItems") as stopped:
        run_cell(run, "constrained-s0")
    assert "leave the rung out" in stopped.value.fix
    assert not run.partial_results("constrained-s0")
