import dataclasses

import pytest

from harness.disk import write_json
from harness.prompts import passage
from harness.retrieval import (
    as_context,
    build_search,
    evidence,
    holds_answer,
    open_index,
    recall_at_k,
)
from harness.rungs import rungs
from harness.types import Context, Example
from harness.workbench import EMBEDDING_TIME
from rag.chunk import Chunk
from rag.index import Hit
from tests.harness.rung_bench import QUERIES, SPEC, VIEW, bench


def shown(text: str, heading: str = "", title: str = "Guide") -> str:
    chunk = Chunk("a.md:0", "a.md", 2, title, heading, text, 7, 7 + len(text))
    return passage(as_context(Hit(chunk, 0.5)))


@pytest.mark.parametrize(
    ("text", "heading", "expected"),
    [
        ("# Guide\n\nWelcome.", "", "[Guide]\nWelcome."),
        ("# Guide\n\n## Pods\n\nSend back.", "Pods", "[Guide]\nPods\n\nSend back."),
        ("## Pods\n\nSend back.", "Pods", "[Guide]\nPods\n\nSend back."),
        ("Cut off from it.", "Opened goods > Pods", "[Guide]\nPods\nCut off from it."),
        ("Cut off from it.", "", "[Guide]\nCut off from it."),
        ("# Guide", "", "[Guide]\nGuide"),
        ("#1 of the list", "Pods", "[Guide]\nPods\n#1 of the list"),
    ],
)
def test_a_passage_shows_title_and_section_once(text, heading, expected):
    assert shown(text, heading) == expected


def test_a_context_knows_where_its_passage_stands():
    chunk = Chunk("a.md:0", "a.md", 2, "Guide", "", "Text.", 7, 12)
    assert as_context(Hit(chunk, 0.123456)) == Context("a.md", "Text.", 0.1235, "Guide", 2, 7, 12)


FACTS = Example("e", "q", ("It takes 4.5 days.",), ("a.md",), key_facts=("4.5 days", "two"))


@pytest.mark.parametrize(
    ("source", "text", "held"),
    [
        ("a.md", "Two parcels in 4.5 days.", True),
        ("a.md", "Parcels in 4.5 days.", False),
        ("a.md", "Two parcels in 45 days.", False),
        ("b.md", "Two parcels in 4.5 days.", False),
    ],
)
def test_the_answer_is_there_when_all_its_facts_stand_in_one_passage_of_its_document(
    source, text, held
):
    assert holds_answer(FACTS, [Context(source, text, 0.5)], SPEC) is held


def test_facts_spread_over_two_passages_do_not_count():
    halves = [Context("a.md", "Two parcels.", 0.5), Context("a.md", "In 4.5 days.", 0.5)]
    assert holds_answer(FACTS, halves, SPEC) is False


def test_without_facts_a_short_answer_is_looked_for_and_a_sentence_is_not():
    assert evidence(Example("e", "q", ("Two days!", "48 hours")), SPEC) == [
        [" two days "],
        [" 48 hours "],
    ]
    long = Example("e", "q", ("It usually takes about two days to get there",))
    assert evidence(long, SPEC) == []
    assert holds_answer(long, [Context("a.md", "anything", 0.5)], SPEC) is None


def test_for_a_sentence_its_document_is_enough():
    row = Example("e", "q", ("It usually takes about two days to get there",), ("a.md",))
    assert holds_answer(row, [Context("a.md", "anything", 0.5)], SPEC) is True
    assert holds_answer(row, [Context("b.md", "anything", 0.5)], SPEC) is False


@pytest.mark.parametrize(
    ("kind", "said"), [("label", "yes"), ("json", '{"ok": 1}'), ("answer", "Yes."), ("text", "No")]
)
def test_for_a_label_json_or_a_bare_yes_or_no_its_document_alone_counts(kind, said):
    spec = dataclasses.replace(SPEC, kind=kind)
    row = Example("e", "Does it help?", (said,), ("a.md",))
    assert holds_answer(row, [Context("b.md", f"{said} stands here", 0.5)], spec) is False
    assert holds_answer(row, [Context("a.md", "It helped most of them.", 0.5)], spec) is True
    nameless = dataclasses.replace(row, context_ids=())
    assert holds_answer(nameless, [Context("b.md", said, 0.5)], spec) is None


def test_key_facts_are_looked_for_where_the_answer_is_a_bare_yes():
    row = Example("e", "q", ("Yes",), ("a.md",), key_facts=("14 days",))
    assert holds_answer(row, [Context("a.md", "Taken back.", 0.5)], SPEC) is False
    assert holds_answer(row, [Context("a.md", "Within 14 days.", 0.5)], SPEC) is True


@pytest.mark.parametrize(
    ("fact", "text"), [("IŞIK", "Işık açık."), ("istanbul", "İSTANBUL'da."), ("The Hague", "Hague")]
)
def test_answers_are_looked_for_by_the_rules_of_the_tasks_language(fact, text):
    language = "en" if "Hague" in text else "tr"
    spec = dataclasses.replace(SPEC, language=language)
    assert holds_answer(Example("e", "q", (fact,)), [Context("a.md", text, 0.5)], spec) is True


def test_what_nothing_answers_has_no_passage_to_find():
    assert holds_answer(Example("e", "q", ()), [Context("a.md", "anything", 0.5)], SPEC) is None


def test_recall_grows_with_k_and_counts_answerable_questions_only(tmp_path):
    index = open_index(bench(tmp_path, tmp_path, "rag-s1"), VIEW.documents)
    recall = recall_at_k(index, VIEW.train, [1, 2, 5], SPEC)
    assert 0 < recall[1] <= recall[2] <= recall[5] <= 1
    nothing = [e for e in VIEW.train if not e.answerable]
    assert nothing and recall_at_k(index, nothing, [2], SPEC) == {2: None}


def test_the_index_of_a_run_is_built_once_and_again_for_other_documents(tmp_path):
    first = bench(tmp_path, tmp_path, "rag-s1")
    built = open_index(first, VIEW.documents)
    later = bench(tmp_path, tmp_path, "rag_finetune-s1")
    assert open_index(later, VIEW.documents).chunks == built.chunks
    assert later.embedder.encoded == []
    fewer = open_index(later, VIEW.documents[:2])
    assert {chunk.source for chunk in fewer.chunks} == {"page0.md", "page1.md"}


def test_embedding_a_new_question_counts_into_the_latency_of_rungs_that_search(
    tmp_path, tiny_model
):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    build_search(tools, VIEW, QUERIES)
    before = len(tools.embedder.encoded)
    assert tools.embedder.seconds_alone(["a", "b", "c"]) > 0
    assert tools.embedder.encoded[before:] == ["a", "b", "c"], "known or not, it is embedded"
    assert 0 < bench(tmp_path, tiny_model, "rag-s1").embedding_s < 1
    slow = bench(tmp_path, tiny_model, "rag-s1")
    write_json(tmp_path / EMBEDDING_TIME, 100.0)
    rung = rungs()["rag"].build(VIEW, slow)
    rung.prepare(None)
    timed, batched = rung.answer(QUERIES[:2], 1)
    assert timed.latency_s > 100 and batched.latency_s is None


def test_a_passage_of_several_documents_is_shown_once_and_counts_for_each_of_them():
    first = Chunk("a.md:0", "a.md", 2, "Guide", "", "It takes 4.5 days, two in all.", 7, 12)
    other = dataclasses.replace(first, id="b.md:0", source="b.md", title="Copy")
    again = dataclasses.replace(first, id="a.md:9", page=8)
    context = as_context(Hit(first, 0.5, (other, again)))
    assert (context.title, context.sources) == ("Guide; Copy", ("a.md", "b.md"))
    for source in ("a.md", "b.md"):
        assert holds_answer(dataclasses.replace(FACTS, context_ids=(source,)), [context], SPEC)
    assert not holds_answer(dataclasses.replace(FACTS, context_ids=("c.md",)), [context], SPEC)
