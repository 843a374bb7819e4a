"""What the user decides is what the rungs do, without a trial; the rest stays chosen on dev."""

import dataclasses

import pytest

from harness.answering import fitted
from harness.decoding import FREE, HELD
from harness.effort import CHUNK_WORDS, SIZES, effort, effort_of
from harness.given import DecodingSettings, Given, PromptSettings, RetrievalSettings
from harness.passage_size import settle_passage_size
from harness.retrieval import holds_answer
from harness.rungs import rungs
from harness.types import Query
from rag.retrievers import RETRIEVERS
from tests.harness.rung_bench import QUERIES, SPEC, TRAIN, VIEW, bench, closed
from tuning.recipe import USUAL

LABELS = closed(SPEC)


def tools_with(folder, model, cell, given, spec=SPEC):
    tools = bench(folder, model, cell)
    return dataclasses.replace(
        tools, spec=spec, given=given, effort=effort_of("normal", USUAL, given)
    )


def test_nothing_decided_leaves_the_effort_as_it_is():
    assert effort_of("normal", USUAL, Given()) == effort("normal")


def test_more_examples_than_there_are_rows_are_said_to_be_all_there_are(tmp_path, tiny_model):
    given = Given(prompt=PromptSettings(examples=50))
    tools = tools_with(tmp_path, tiny_model, "few_shot-s1", given)
    view = dataclasses.replace(VIEW, train=VIEW.train[:6])
    prepared = rungs()["few_shot"].build(view, tools).prepare(None)
    assert prepared.settings["demonstrations"] == 6
    assert prepared.effort["wanted"] == {"demonstrations": 50}
    enough = rungs()["few_shot"].build(VIEW, tools_with(
        tmp_path, tiny_model, "few_shot-s2", Given(prompt=PromptSettings(examples=2))))  # fmt: skip
    assert "wanted" not in enough.prepare(None).effort


@pytest.mark.parametrize("name", RETRIEVERS)
def test_any_retriever_can_be_forced_also_one_that_no_effort_tries(name, tmp_path, tiny_model):
    given = Given(RetrievalSettings(name, 2))
    tools = tools_with(tmp_path, tiny_model, "rag-s1", given)
    tools.effort = dataclasses.replace(tools.effort, reading_examples=(0,))
    rung = rungs()["rag"].build(VIEW, tools)
    prepared = rung.prepare(None)
    assert (prepared.settings["retriever"], prepared.settings["passages"]) == (name, 2)
    assert prepared.effort["tried"] == [] and len(prepared.effort["retrievers_tried"]) == 1
    assert given.among(prepared.settings) == ["retriever", "passages"]
    assert all(len(answer.contexts) <= 2 for answer in rung.answer(QUERIES[:2], 0))


def test_the_length_of_passages_is_the_users_and_does_not_change_the_number_they_chose(tmp_path):
    tools = tools_with(tmp_path, tmp_path, "index-s0", Given(RetrievalSettings("", 3, 40)))
    settle_passage_size(tools, VIEW)
    assert tools.passage_words == 40 and tools.passage_counts == (3,)
    other = tools_with(tmp_path, tmp_path, "index-s0", Given(RetrievalSettings("", 0, 40)))
    assert other.passage_counts == (4, 2, 6), "as many words as 2, 1 or 3 of the usual length"


def test_passages_of_a_number_that_the_user_decided_keep_the_usual_length(tmp_path):
    # lengths are compared at equal words, and of a fixed number longer ones show more
    tools = tools_with(tmp_path, tmp_path, "index-s0", Given(RetrievalSettings("", 3)))
    assert effort("normal").passage_words == SIZES and tools.effort.passage_words == (CHUNK_WORDS,)
    settle_passage_size(tools, VIEW)
    assert (tools.passage_words, tools.passage_counts) == (CHUNK_WORDS, (3,))


def test_a_tuned_reader_is_trained_with_the_single_passage_that_the_user_wants(
    tmp_path, tiny_model
):
    given = Given(RetrievalSettings("bm25", 1))
    tools = bench(tmp_path, tiny_model, "rag_finetune-s1")
    tools = dataclasses.replace(tools, given=given, effort=effort_of("quick", USUAL, given))
    prepared = rungs()["rag_finetune"].build(VIEW, tools).prepare(None)
    assert (prepared.settings["retriever"], prepared.settings["passages"]) == ("bm25", 1)


def test_more_examples_than_there_are_rows_show_all_rows(tmp_path, tiny_model):
    tools = tools_with(tmp_path, tiny_model, "few_shot-s1", Given(prompt=PromptSettings(50)))
    tools.effort = dataclasses.replace(tools.effort, fixed_examples=0)
    view = dataclasses.replace(VIEW, train=VIEW.train[:3])
    assert rungs()["few_shot"].build(view, tools).prepare(None).settings["demonstrations"] == 3


@pytest.mark.parametrize(("word", "decoding"), [("always", HELD), ("never", FREE)])
@pytest.mark.parametrize("name", ["few_shot", "rag", "finetune"])
def test_answers_are_held_to_the_allowed_ones_always_or_never_as_the_user_says(
    name, word, decoding, tmp_path, tiny_model
):
    given = Given(RetrievalSettings("", 1), decoding=DecodingSettings(word))
    tools = bench(tmp_path, tiny_model, f"{name}-s1")
    tools = dataclasses.replace(tools, spec=LABELS, given=given)
    view = dataclasses.replace(VIEW, spec=LABELS)
    rung = rungs()[name].build(view, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["decoding"] == decoding
    assert "decodings_tried" not in prepared.effort
    said = {answer.text for answer in rung.answer(QUERIES, 0)}
    allowed = {*LABELS.labels, SPEC.abstention}
    assert (said <= allowed) is (word == "always")
    again = rungs()[name].build(view, tools)
    again.prepare(prepared.settings)
    assert {answer.text for answer in again.answer(QUERIES, 0)} == said


@pytest.mark.parametrize("name", ["rag", "rag_finetune"])
def test_no_prompt_shows_or_teaches_more_tokens_of_passages_than_the_user_allows(
    name, tmp_path, tiny_model
):
    budget = 300
    given = Given(RetrievalSettings("dense", 4, context_tokens=budget))
    tools = bench(tmp_path, tiny_model, f"{name}-s1")
    tools = dataclasses.replace(tools, given=given, effort=effort_of("quick", USUAL, given))
    rung = rungs()[name].build(VIEW, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["context_tokens"] == budget
    assert "context_tokens" in given.among(prepared.settings)
    said = list(rung.answer(QUERIES, 1))
    assert all(len(one.contexts) + one.dropped_contexts == 4 for one in said)
    assert any(one.dropped_contexts for one in said) and any(one.contexts for one in said)
    prompts = [prompt for prompt, _ in (*tools.generator.asked, *tools.generator.learned)]
    shown = [prompt.user.rpartition("\n\nQuestion: ")[0] for prompt in prompts]
    counts = [tools.generator.count_tokens(text) for text in shown]
    assert 0 < max(counts) <= budget
    if name == "rag_finetune":  # what is put in for training is not what is dropped
        learned = {p.user.rpartition("Question: ")[2]: p.user for p, _ in tools.generator.learned}
        asked = rung.asked([Query(e.id, e.question) for e in TRAIN if e.answerable])
        taught = [sum(fact in learned[e.question] for fact in e.key_facts) for e in TRAIN]
        shown = [
            bool(holds_answer(e, fitted(tools, one).contexts, SPEC))
            for e, one in zip([e for e in TRAIN if e.answerable], asked, strict=True)
        ]
        assert sum(taught) > sum(shown)
