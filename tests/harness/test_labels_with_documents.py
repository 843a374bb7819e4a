"""Labels beside documents: a label's word in a passage is chance, its document is not."""

import dataclasses

import pytest

from advisor.searching import searching
from harness.cell import run_cell
from harness.effort import CHUNK_WORDS
from harness.looking_up import Reading, choose_retriever, readable, worked_examples
from harness.passage_size import settle_passage_size
from harness.retrieval import contexts_for, open_index
from harness.rungs import rungs
from harness.runner import run_check
from harness.store import Run
from harness.types import Example, Task, TrainView
from rag.types import Document
from tests.advisor.report_runs import start
from tests.harness.rung_bench import EFFORT, SPEC, Bench, bench

LABELS = dataclasses.replace(SPEC, kind="label", labels=("yes", "no"), metric="accuracy_score")
N = 36
FILLER = "Nothing else is written here, and nothing else needs to be. " * 5


def trial(i: int) -> Example:
    """Its word 'no' stands in every other paper, its word 'yes' in none."""
    answer = "yes" if i % 2 else "no"
    return Example(f"t{i}", f"Does drug{i} help?", (answer,), (f"paper{i}.md",))


def paper(i: int) -> Document:
    text = f"We gave drug{i} to patients. There was no harm. {FILLER}"
    if i % 2:
        text = f"We gave drug{i} to patients. {FILLER}"
    return Document(f"paper{i}", text, f"paper{i}.md", None, f"Paper {i}")


ROWS = tuple(trial(i) for i in range(N))
PAPERS = tuple(paper(i) for i in range(N))
VIEW = TrainView(LABELS, ROWS[:20], ROWS[20:26], PAPERS)
TASK = Task(LABELS, VIEW.train, VIEW.dev, ROWS[26:], PAPERS, "f00d")


def nameless(rows):
    return tuple(dataclasses.replace(row, context_ids=()) for row in rows)


@pytest.fixture
def tools(tmp_path, tiny_model):
    return dataclasses.replace(bench(tmp_path, tiny_model, "rag-s1"), spec=LABELS)


def test_retriever_length_and_worked_examples_go_by_the_named_document(tools):
    index = open_index(tools, PAPERS)
    (tried,) = choose_retriever(tools, index, VIEW.dev).tried
    assert tried["questions"] == 6 and tried["recall"]["2"] == 1.0
    shown = worked_examples(LABELS, readable(LABELS, index, VIEW.train, 1), Reading(1, 3))
    assert len(shown) == 3 and all("drug" in one.question for one in shown)
    tools.effort = dataclasses.replace(EFFORT, passage_words=(CHUNK_WORDS, 40))
    settle_passage_size(tools, VIEW)
    assert {one["found"] for one in Run(tools.folder).passage_size().tried} == {1.0}


def test_where_no_document_is_named_nothing_is_judged_and_nothing_follows_the_word_no(tools):
    index = open_index(tools, PAPERS)
    (tried,) = choose_retriever(tools, index, nameless(VIEW.dev)).tried
    assert tried["questions"] == 0 and tried["recall"] == {"1": None, "2": None}
    assert readable(LABELS, index, nameless(VIEW.train), 1) == []


def test_training_with_retrieval_swaps_in_no_passage_for_its_word(tools):
    rung = rungs()["rag_finetune"].build(VIEW, tools)
    rung.k = 2
    blind = tuple(dataclasses.replace(row, question="zyx") for row in VIEW.train)
    lessons = rung._lessons(blind, True)
    (found,) = contexts_for(rung.index, ["zyx"], 2)
    assert {lesson.asked.contexts for lesson in lessons} == {found}


@pytest.mark.parametrize("named", [True, False])
def test_a_check_says_how_often_the_document_was_found_and_nothing_where_none_is_named(
    named, tmp_path, tiny_model, monkeypatch
):
    def run_here(run, cells, watch):
        for cell in cells:
            run_cell(run, cell)
            watch()
        return 0

    monkeypatch.setattr("harness.reopen.Workbench", Bench)
    monkeypatch.setattr("harness.reopen.effort_of", lambda name, tuning, given: EFFORT)
    monkeypatch.setattr("harness.runner.run_process", run_here)
    parts = {name: getattr(TASK, name) for name in ("train", "dev", "heldout")}
    task = TASK if named else dataclasses.replace(
        TASK, **{name: nameless(rows) for name, rows in parts.items()}
    )  # fmt: skip
    run = start(tmp_path / "project" / "runs" / "first", task, ["index-s0", "rag-s0"])
    plan = run.plan()
    run.change_plan(dataclasses.replace(plan, generator=tiny_model.as_posix(), embedder="hash"))
    experiment = run_check(run)
    assert experiment.failed == {}
    found, said = experiment.diagnostics.rungs["rag"].retrieval, searching(experiment).notes[0]
    assert experiment.rungs["rag"].settings["dev_recall"] == (1.0 if named else None)
    if named:
        assert found.recall.mean == 1.0 and found.by_document == found.recall.n == 10
        assert said.startswith("Measured on 6 dev questions")
    else:
        assert found is None
        assert said.startswith("Whether the right passages were found is not known")
