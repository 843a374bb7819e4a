import dataclasses

import pytest

from harness.effort import EFFORTS
from harness.errors import UserError
from harness.looking_up import (
    BEFORE,
    DEPTH,
    ask,
    choose_retriever,
    quality,
    readable,
    retriever_of,
)
from harness.prompts import FIRST, LAYOUTS, passage, render, with_passages
from harness.retrieval import contexts_for, holds_answer, judged, open_index, total_right
from harness.rungs import rungs
from harness.scoring import Scored
from harness.types import Example, Query
from rag.retrievers import DEFAULT, RETRIEVERS
from rag.types import Document
from rag.widen import CONTEXTS
from tests.harness.rung_bench import DEV, EFFORT, QUERIES, SPEC, TRAIN, VIEW, bench, closed

ALL = dataclasses.replace(EFFORT, retrievers=("hybrid", "bm25", "dense"))


@pytest.fixture
def tools(tmp_path):
    return bench(tmp_path, tmp_path, "rag-s1")


@pytest.fixture
def index(tools):
    return open_index(tools, VIEW.documents)


# What is there


@pytest.mark.parametrize("effort", EFFORTS.values(), ids=list(EFFORTS))
def test_every_effort_starts_from_the_default_and_names_retrievers_that_exist(effort):
    assert effort.retrievers[0] == DEFAULT
    assert set(effort.retrievers) <= set(RETRIEVERS)


def test_the_least_effort_compares_nothing_and_the_others_do():
    assert EFFORTS["quick"].retrievers == (DEFAULT,)
    assert len(EFFORTS["normal"].retrievers) == len(EFFORTS["thorough"].retrievers) == 3


# Choosing


def words_only(i: int) -> Example:
    """Its answer shares letters with the question, but no whole word that the embedder knows."""
    return Example(
        f"w{i}", f"Kargo{i}nun", (f"kargo{i} is paid",), key_facts=(f"kargo{i} is paid",)
    )


def pages() -> tuple[Document, ...]:
    filler = " Nothing else is written here, and nothing else needs to be." * 6
    return tuple(
        Document(f"k{i}", f"The kargo{i} is paid.{filler}", f"k{i}", None, "") for i in range(40)
    )


def test_one_retriever_is_taken_without_a_trial_but_measured(tools, index):
    found = choose_retriever(tools, index, DEV)
    assert found.looked_up.retriever.name == "hybrid"
    (tried,) = found.tried
    assert tried["retriever"] == "hybrid" and tried["questions"] == len(judged(index, DEV, 1, SPEC))


def test_another_one_is_taken_where_it_finds_clearly_more(tools):
    tools.effort = dataclasses.replace(ALL, retrievers=("dense", "bm25"), passages=(1,))
    index = open_index(tools, pages())
    found = choose_retriever(tools, index, [words_only(i) for i in range(40)])
    recalls = {one["retriever"]: one["recall"]["1"] for one in found.tried}
    assert recalls["bm25"] > recalls["dense"] + 0.5
    assert found.looked_up.retriever.name == "bm25"


def test_a_lead_within_chance_leaves_the_first(tools):
    tools.effort = dataclasses.replace(ALL, retrievers=("dense", "bm25"), passages=(1,))
    index = open_index(tools, pages())
    dev = [words_only(0), *(Example(f"n{i}", "?", ("nowhere",)) for i in range(3))]
    assert choose_retriever(tools, index, dev).looked_up.retriever.name == "dense"


@pytest.mark.parametrize(
    "dev", [(), (Example("n", "Who?", ()),), (words_only(3),)], ids=["none", "no answer", "one row"]
)
def test_where_nothing_can_be_compared_the_first_is_taken(dev, tools, index):
    tools.effort = ALL
    found = choose_retriever(tools, index, dev)
    assert found.looked_up.retriever.name == "hybrid" and len(found.tried) == 3


def test_choosing_asks_the_language_model_nothing(tools, index):
    tools.effort = ALL
    choose_retriever(tools, index, DEV)
    assert "generator" not in vars(tools)


def test_an_unknown_retriever_is_refused_before_anything_is_tried(tools, index):
    tools.effort = dataclasses.replace(ALL, retrievers=("hybird",))
    with pytest.raises(UserError, match="there is no retriever 'hybird'") as refused:
        choose_retriever(tools, index, DEV)
    assert "hybrid, dense, bm25, rrf" in refused.value.problems[0].fix


# Measuring


def test_passages_that_hold_an_answer_are_counted_as_one_by_one(index):
    known = [example for example, _ in judged(index, TRAIN, 1, SPEC)]
    (everything,) = contexts_for(index.using("dense"), ["any"], len(index.chunks))
    by_hand = [sum(bool(holds_answer(e, [context], SPEC)) for context in everything) for e in known]
    assert total_right(index, known, SPEC) == by_hand
    assert min(by_hand) > 0


def test_a_passage_of_several_documents_is_one_that_search_can_find(tools):
    copies = [dataclasses.replace(page, id=f"{page.id}-{n}", source=f"{page.source}-{n}")
              for n in range(2) for page in VIEW.documents]  # fmt: skip
    rows = [dataclasses.replace(e, context_ids=()) for e in TRAIN if "stage" in e.question]
    tried = {}
    for pages in (VIEW.documents, (*VIEW.documents, *copies)):
        index = open_index(tools, pages)
        (found,) = choose_retriever(tools, index, rows).tried
        tried[len(pages)] = found
    assert tried[8] == tried[24], "as good as where each stands once"


def test_a_question_that_nothing_answers_is_not_judged(index):
    assert {e.id for e, _ in judged(index, TRAIN, 3, SPEC)} == {e.id for e in TRAIN if e.answerable}


def test_quality_is_the_mean_over_questions():
    places = [[True, False], [False, True], [False, False]]
    assert quality(places, [1, 1, 1], [1, 2]) == {
        "questions": 3,
        "recall": {"1": 0.3333, "2": 0.6667},
        f"mrr_at_{DEPTH}": 0.5,
        f"ndcg_at_{DEPTH}": 0.5436,
    }
    assert quality([], [], [1])["recall"] == {"1": None}


# As the rungs do it


def test_the_retriever_is_among_the_settings_and_what_was_tried_is_on_record(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    tools.effort = ALL
    prepared = rungs()["rag"].build(VIEW, tools).prepare(None)
    assert prepared.settings["retriever"] in ALL.retrievers
    tried = prepared.effort["retrievers_tried"]
    assert [one["retriever"] for one in tried] == list(ALL.retrievers)
    assert all(0 <= one["recall"]["2"] <= 1 and 0 <= one["mrr_at_10"] <= 1 for one in tried)


@pytest.mark.parametrize("name", RETRIEVERS)
def test_a_rung_that_goes_on_looks_passages_up_as_before(name, tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    rung = rungs()["rag"].build(VIEW, tools)
    rung.prepare({"passages": 2, "retriever": name})
    answers = {answer.query_id: answer for answer in rung.answer(QUERIES[:3], 0)}
    index = open_index(tools, VIEW.documents).using(name)
    expected = contexts_for(index, [query.text for query in QUERIES[:3]], 2)
    assert [answers[query.id].contexts for query in QUERIES[:3]] == expected


def test_a_run_of_an_older_version_goes_on_with_meaning_alone(index):
    assert retriever_of({"passages": 2}, index).retriever.name == BEFORE == "dense"


def test_a_retriever_that_is_gone_is_named(index):
    with pytest.raises(UserError, match="there is no retriever 'colbert'"):
        retriever_of({"passages": 2, "retriever": "colbert"}, index)


def test_a_question_whose_words_are_nowhere_is_asked_without_passages(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    rung = rungs()["rag"].build(VIEW, tools)
    rung.prepare({"passages": 2, "retriever": "bm25"})
    (answer,) = rung.answer([Query("q", "zyx")], 0)
    assert answer.contexts == () and answer.citations == ()
    assert tools.generator.asked[-1][0] == render(SPEC, "zyx")


def test_only_looking_by_meaning_costs_the_embedding_of_the_question(tools, index):
    tools.embedding_s = 100.0
    for name, retriever in RETRIEVERS.items():
        (asked,) = ask(tools, index.using(name), QUERIES[:1], 1)
        assert (asked.seconds > 100) is retriever.embeds


@pytest.mark.parametrize("documents_named", [True, False])
def test_what_was_answered_on_dev_is_not_asked_again_to_try_worked_examples(
    documents_named, tmp_path, tiny_model
):
    """Nor are two examples tried where there is none to show."""
    spec = SPEC if documents_named else closed(SPEC)
    rows = tuple(dataclasses.replace(e, context_ids=e.context_ids * documents_named) for e in TRAIN)
    tools = dataclasses.replace(bench(tmp_path, tiny_model, "rag-s1"), spec=spec)
    tools.effort = dataclasses.replace(EFFORT, reading_examples=(0, 2))
    view = dataclasses.replace(VIEW, spec=spec, train=rows)
    prepared = rungs()["rag"].build(view, tools).prepare(None)
    tried = [one for one in prepared.effort["tried"] if "worked_examples" in one]
    assert [one["worked_examples"] for one in tried] == ([0, 2] if documents_named else [])
    assert len(tools.generator.asked) == prepared.effort["dev_answers"]
    held = 4 * (not documents_named)  # allowed answers only, where they are labels
    assert prepared.effort["dev_answers"] == 4 * 2 + 4 * documents_named + held


@pytest.mark.parametrize("liked", LAYOUTS)
def test_dev_chooses_how_passages_stand(liked, tmp_path, tiny_model, monkeypatch):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    tools.effort = dataclasses.replace(
        EFFORT, passages=(2,), reading_examples=(0, 1), layouts=LAYOUTS
    )
    index = open_index(tools, VIEW.documents)

    def by_layout(dev, answers):
        """Every question is right where its passages stand as liked, and none elsewhere."""
        found = contexts_for(index, [example.question for example in dev], 2)
        wanted = [with_passages(e.question, c, liked) for e, c in zip(dev, found, strict=True)]
        asked = [prompt.user for prompt, _ in tools.generator.asked[-len(dev) :]]
        rows = tuple(float(one == other) for one, other in zip(asked, wanted, strict=True))
        return Scored(sum(rows) / len(rows), rows)

    monkeypatch.setattr(tools, "dev_scored", by_layout)
    prepared = rungs()["rag"].build(VIEW, tools).prepare(None)
    tried = [one["layout"] for one in prepared.effort["tried"] if "layout" in one]
    assert tried == list(LAYOUTS) and prepared.settings["layout"] == liked
    assert len(tools.generator.asked) == prepared.effort["dev_answers"] == 4 * (2 + 2)


def test_a_later_process_keeps_how_passages_stand(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    later = rungs()["rag"].build(VIEW, tools)
    later.prepare({"passages": 2, "worked_examples": 1, "retriever": "hybrid", "layout": FIRST})
    list(later.answer(QUERIES[:1], 0))
    prompt = tools.generator.asked[-1][0]
    (found,) = contexts_for(open_index(tools, VIEW.documents), [QUERIES[0].text], 2)
    assert prompt.user.startswith(passage(found[0]))
    example = prompt.turns[0].question
    train = next(e for e in TRAIN if example.endswith(f"Question: {e.question}"))
    (found,) = contexts_for(open_index(tools, VIEW.documents), [train.question], 2)
    assert example.startswith(passage(found[0])), "examples stand as the question does"


def test_training_questions_are_looked_up_once_for_a_number_of_passages_and_a_context(
    tmp_path, tiny_model, monkeypatch
):
    looked_up = []

    def counting(spec, index, train, k):
        looked_up.append((k, index.context))
        return readable(spec, index, train, k)

    monkeypatch.setattr("harness.rungs.rag.readable", counting)
    tools = bench(tmp_path, tiny_model, "rag-s1")
    tools.effort = dataclasses.replace(
        EFFORT, reading_examples=(0, 1, 2), layouts=LAYOUTS, contexts=CONTEXTS
    )
    rung = rungs()["rag"].build(VIEW, tools)
    prepared = rung.prepare(None)
    list(rung.answer(QUERIES, 0))
    assert prepared.effort["dev_answers"] > 4 * len(LAYOUTS), "several settings were tried"
    assert set(looked_up) >= {(rung.k, "passage")} and len(set(looked_up)) == len(looked_up)
