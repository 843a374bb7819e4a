"""Which passage a training question is shown where search misses the one that answers it."""

import dataclasses

import pytest

from harness.retrieval import closest_of, holds_answer, open_index, right_passages
from harness.rungs import rungs
from harness.types import Example, TrainView
from rag.types import Document
from rag.widen import WINDOW
from tests.harness.rung_bench import SPEC, bench

ASKED = "How long may opened pods be returned?"
RIGHT = "pods.md"
TEXTS = {
    # the fact stands first where it says something else
    "a-invoices.md": "Invoices are due within 14 days.",
    "b-repairs.md": "A repair takes 14 days.",
    # search ranks these two above all others, and they lack the fact
    "how.md": "How long may opened pods be returned? That depends on how they were opened.",
    "long.md": "How long may opened pods be returned? See the terms of the shop.",
    "pods.md": "Opened pods: returned within 14 days.",
    "z-visits.md": "A visit is booked 14 days ahead.",
}
PAGES = tuple(Document(name, text, name, None, name) for name, text in TEXTS.items())
ROWS = tuple(
    Example(f"t{at}", f"{ASKED} Order {at}", ("14 days",), key_facts=("14 days",))
    for at in range(12)
)
VIEW = TrainView(SPEC, ROWS, ROWS[:1], PAGES)


@pytest.fixture
def rung(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag_finetune-s1")
    made = rungs()["rag_finetune"].build(VIEW, tools)
    made.k, made.index = 2, open_index(tools, PAGES).using("bm25")
    return made


def test_of_several_passages_with_the_fact_the_one_closest_to_the_question_is_put_in(rung):
    shown = [lesson.asked.contexts for lesson in rung._lessons(ROWS, True)]
    put_in = [c[1].source for c in shown if holds_answer(ROWS[0], c, SPEC)]
    assert set(put_in) == {RIGHT}
    # some rows are left without, to be learned from as well
    assert 0 < len(put_in) < len(ROWS)
    assert {contexts[0].source for contexts in shown} <= {"how.md", "long.md"}


def test_a_fact_that_search_lists_nowhere_stands_in_the_first_passage_that_holds_it(rung):
    rows = right_passages(rung.index.chunks, [ROWS[0]], SPEC)
    asked = ["zyx", "visit booked ahead", ASKED]
    best = closest_of(rung.index, asked, rows * 3)
    sources = [rung.index.chunks[row].source for row in best]
    assert sources == ["a-invoices.md", "z-visits.md", RIGHT]
    assert closest_of(rung.index, [ASKED], [[]]) == [None]


def test_a_copy_in_the_right_document_is_ranked_as_the_copy_that_search_shows(tmp_path):
    twin = dataclasses.replace(PAGES[4], id="pods-2.md", source="pods-2.md")
    index = open_index(bench(tmp_path, tmp_path, "rag-s1"), (*PAGES, twin)).using("bm25")
    row = dataclasses.replace(ROWS[0], context_ids=("pods-2.md", "a-invoices.md"))
    rows = right_passages(index.chunks, [row], SPEC)
    for looked_up in (index, index.showing(WINDOW)):
        (best,) = closest_of(looked_up, [ASKED], rows)
        assert index.chunks[best].source == "pods-2.md"
