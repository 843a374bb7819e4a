"""What holds for every rung, also for one whose file is added later."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, get_type_hints

import pytest

from harness.errors import JobError
from harness.generators.base import Completion
from harness.prompts import Demonstration, Prompt, render, system_prompt, target
from harness.retrieval import contexts_for, holds_answer
from harness.rungs import rungs
from harness.types import Answer, Context, Failure, PairQuery, Preparation, Query, TrainView
from tests.harness.rung_bench import (
    DEV,
    HELDOUT,
    NEW_TOKENS,
    QUERIES,
    SPEC,
    TRAIN,
    VIEW,
    Bench,
    bench,
    view_of,
)

every_rung = pytest.mark.parametrize("name", list(rungs()))
LONG = Query("long", "How many days? " * 1500)
"""More tokens than the tiny model's context of 2,048."""


class Played(NamedTuple):
    """A rung after it was prepared and had answered the held-out questions."""

    rung: object
    bench: Bench
    prepared: Preparation
    results: list[Answer | Failure]
    asked_in_answering: list[tuple[Prompt, int]]


@pytest.fixture(scope="module")
def played(tmp_path_factory, tiny_model):
    """A rung by name, played once for all tests."""
    done: dict[str, Played] = {}

    def play(name: str) -> Played:
        if name not in done:
            tools = bench(tmp_path_factory.mktemp(name), tiny_model, f"{name}-s1")
            rung = rungs()[name].build(view_of(name), tools)
            prepared = rung.prepare(None)
            before = len(tools.generator.asked)
            results = list(rung.answer(QUERIES, 2))
            asked = tools.generator.asked[before:]
            done[name] = Played(rung, tools, prepared, results, asked)
        return done[name]

    return play


def texts(results) -> dict[str, str]:
    return {result.query_id: result.text for result in results}


# What a rung gets


@every_rung
def test_a_rung_is_given_nothing_that_holds_a_held_out_reference(name):
    build = rungs()[name].build
    assert get_type_hints(build.answer)["queries"] == Sequence[Query]
    assert get_type_hints(build.__init__)["view"] is TrainView
    assert {field.name for field in dataclasses.fields(Query)} == {"id", "text"}
    learned = {"spec", "train", "dev", "documents", "preferences", "dev_preferences"}
    assert {f.name for f in dataclasses.fields(TrainView)} == learned
    fields = {f.name for f in dataclasses.fields(PairQuery)}
    assert fields == {"id", "question", "first", "second"}, "which is better is not in it"


# What it answers


@every_rung
def test_every_question_is_answered_exactly_once(name, played):
    results = played(name).results
    assert sorted(r.query_id for r in results) == sorted(query.id for query in QUERIES)
    assert all(isinstance(result, Answer) for result in results)


@every_rung
def test_only_the_timed_questions_have_a_latency(name, played):
    timed = {r.query_id for r in played(name).results if r.latency_s is not None}
    assert timed == {query.id for query in QUERIES[:2]}


@every_rung
def test_an_answer_does_not_depend_on_its_company_or_place(name, played):
    rung, expected = played(name).rung, texts(played(name).results)
    assert texts(rung.answer(QUERIES[::-1], 0)) == expected
    assert texts(rung.answer(QUERIES[3:4], 1)) == {QUERIES[3].id: expected[QUERIES[3].id]}
    assert list(rung.answer([], 0)) == []


@every_rung
def test_a_new_process_with_the_stored_settings_gives_the_same_answers(name, played, tiny_model):
    first = played(name)
    tools = bench(first.bench.folder, tiny_model, f"{name}-s1")
    rung = rungs()[name].build(view_of(name), tools)
    rung.prepare(first.prepared.settings)
    assert tools.generator.learned == [] and tools.generator.asked == [], "nothing is done again"
    assert texts(rung.answer(QUERIES, 0)) == texts(first.results)


@every_rung
def test_what_was_trained_is_trained_again_where_its_files_are_gone(
    name, played, tmp_path, tiny_model
):
    first = played(name)
    rung = rungs()[name].build(view_of(name), bench(tmp_path, tiny_model, f"{name}-s1"))
    rung.prepare(first.prepared.settings)
    assert texts(rung.answer(QUERIES, 0)) == texts(first.results)


@every_rung
def test_a_prompt_that_is_too_long_is_a_failure_and_the_others_are_answered(name, played):
    rung = played(name).rung
    for timed in (0, 2):
        results = {r.query_id: r for r in rung.answer([LONG, *QUERIES[:2]], timed)}
        failure = results.pop("long")
        assert isinstance(failure, Failure) and failure.kind == "prompt_too_long"
        assert "the prompt has" in failure.message and "tokens" in failure.message
        assert sorted(results) == sorted(query.id for query in QUERIES[:2])
        assert all(isinstance(result, Answer) for result in results.values())


# Fairness


@every_rung
def test_all_rungs_have_the_same_system_prompt_and_decoding(name, played):
    asked, settings = played(name).asked_in_answering, played(name).prepared.settings
    assert len(asked) == len(QUERIES)
    # only a search for the prompt asks otherwise, and then it is on record
    system = settings.get("system", system_prompt(view_of(name).spec))
    assert "system" not in settings or name == "searched_prompt"
    assert {prompt.system for prompt, _ in asked} == {system}
    assert {limit for _, limit in asked} == {NEW_TOKENS}
    end = settings.get("after", "")
    for (prompt, _), query in zip(asked, QUERIES, strict=True):
        assert prompt.user.endswith(f"{query.text}{end}")


@every_rung
def test_demonstrations_come_from_train_only(name, played):
    known = {Demonstration(e.question, target(SPEC, e)) for e in TRAIN}
    for prompt, _ in [*played(name).bench.generator.asked, *played(name).asked_in_answering]:
        for turn in prompt.turns:
            assert any(e.question in turn.question and e.answer == turn.answer for e in known)
    shown = {len(prompt.turns) for prompt, _ in played(name).asked_in_answering}
    settings = played(name).prepared.settings
    wanted = settings.get("demonstrations", settings.get("count"))
    assert shown == {wanted or 0}, "as many as the settings say"


@every_rung
def test_settings_are_chosen_on_dev_and_nothing_is_learned_from_it(name, played):
    dev = {e.question for e in DEV}
    before = played(name).bench.generator.asked[: -len(played(name).asked_in_answering)]
    tried = [p for p, _ in before if not any(q.text in p.user for q in (*QUERIES, LONG))]
    assert all(any(question in prompt.user for question in dev) for prompt in tried)
    assert len(tried) == played(name).prepared.effort.get("dev_answers", 0)


@every_rung
def test_citations_are_places_in_the_contexts(name, played):
    for answer in played(name).results:
        assert len(set(answer.citations)) == len(answer.citations)
        assert all(0 <= index < len(answer.contexts) for index in answer.citations)
        assert all(isinstance(context, Context) for context in answer.contexts)
        assert bool(answer.contexts) == ("documents" in rungs()[name].needs)


class Parrot(Bench):
    """Its model repeats the passage that stands next to the question."""

    @cached_property
    def generator(self):
        return self

    path = "parrot"

    def complete(self, prompts: Sequence[Prompt], limit: int) -> Iterator[Completion]:
        for row, prompt in enumerate(prompts):
            yield Completion(row, passages(prompt)[-1].text, 1, 1, False)


def test_an_answer_copied_from_a_passage_cites_that_passage(tmp_path, tiny_model):
    rung = rungs()["rag"].build(VIEW, bench(tmp_path, tiny_model, "rag-s1", Parrot))
    rung.prepare({"passages": 2})
    for answer in rung.answer(QUERIES, 0):
        assert answer.citations[0] == 0, "the closest passage stands last in the prompt"
        assert answer.text.endswith(answer.contexts[0].text)


def test_the_nearest_examples_are_shown_with_the_closest_next_to_the_question(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "few_shot-s1")
    rung = rungs()["few_shot"].build(VIEW, tools)
    rung.prepare({"demonstrations": 2})
    list(rung.answer([Query("q", f"Well: {TRAIN[5].question}")], 0))
    (prompt, _) = tools.generator.asked[0]
    assert prompt.turns[-1] == Demonstration(TRAIN[5].question, SPEC.abstention)


# Training


TRAINED = [name for name, rung in rungs().items() if "weights" in rung.needs]


@pytest.mark.parametrize("name", TRAINED)
def test_what_is_learned_is_rendered_as_what_is_asked(name, played):
    learned = {
        prompt.user.split("Question: ")[-1]: prompt for prompt, _ in learned_by(name, played)
    }
    rung, generator = played(name).rung, played(name).bench.generator
    before = len(generator.asked)
    unmended = [e for e in (*TRAIN, *DEV[:4]) if not _missed(rung, e)]
    assert len(unmended) >= 20
    list(rung.answer([Query(e.id, e.question) for e in unmended], 0))
    asked = [prompt for prompt, _ in generator.asked[before:]]
    del generator.asked[before:]
    assert [learned[e.question] for e in unmended] == asked


@pytest.mark.parametrize("name", TRAINED)
def test_train_is_learned_from_and_dev_only_looked_at(name, played):
    rows = [(p.user.split("Question: ")[-1], said) for p, said in learned_by(name, played)]
    assert rows[: len(TRAIN)] == [(e.question, target(SPEC, e)) for e in TRAIN]
    assert rows[len(TRAIN) :] == [(e.question, target(SPEC, e)) for e in DEV[:4]]


def learned_by(name, played) -> list[tuple[Prompt, str]]:
    return played(name).bench.generator.learned


def _missed(rung, example) -> bool:
    """Whether retrieval misses the answer, so that its passage may be put in for training."""
    if not hasattr(rung, "index"):
        return False
    (found,) = contexts_for(rung.index, [example.question], rung.k)
    return holds_answer(example, found, SPEC) is False


def test_only_the_farthest_passage_gives_way_to_the_one_with_the_answer(played):
    rung = played("rag_finetune").rung
    learned = {p.user.split("Question: ")[-1]: p for p, _ in learned_by("rag_finetune", played)}
    mended = 0
    for example in (e for e in TRAIN if _missed(rung, e)):
        (found,) = contexts_for(rung.index, [example.question], rung.k)
        asked = passages(render(SPEC, example.question, found))
        shown = passages(learned[example.question])
        assert shown[1:] == asked[1:]
        mended += shown[0] != asked[0]
    assert mended >= 2


def passages(prompt: Prompt) -> list[Context]:
    shown = prompt.user.rpartition("\n\nQuestion: ")[0].split("\n\n[")
    return [Context("", text.removeprefix("["), 0.0) for text in shown]


def test_training_with_retrieval_shows_passages_and_distractors(played):
    k = played("rag_finetune").prepared.settings["passages"]
    assert k >= 2
    asked = {e.question: dataclasses.replace(e, context_ids=()) for e in TRAIN}
    answered = []
    for prompt, _ in learned_by("rag_finetune", played)[: len(TRAIN)]:
        example, shown = asked[prompt.user.split("Question: ")[-1]], passages(prompt)
        assert len(shown) == k
        if example.answerable:
            right = sum(bool(holds_answer(example, [context], SPEC)) for context in shown)
            assert right < k, "a passage to pass over is always there"
            answered.append(right > 0)
    share = sum(answered) / len(answered)
    assert share >= 0.8, "most training questions can be answered from what is shown"
    assert share < 1, "the model also meets questions that retrieval fails on"


def test_retrieval_and_tuned_retrieval_put_the_same_prompt_for_as_many_passages(
    played, tmp_path, tiny_model
):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    plain = rungs()["rag"].build(VIEW, tools)
    plain.prepare(played("rag_finetune").prepared.settings)
    list(plain.answer(QUERIES, 0))
    tuned = [prompt for prompt, _ in played("rag_finetune").asked_in_answering]
    assert [prompt for prompt, _ in tools.generator.asked] == tuned


def test_prompt_and_finetune_put_the_question_alone(played):
    expected = [render(SPEC, query.text) for query in QUERIES]
    for name in ("prompt", "finetune"):
        assert [prompt for prompt, _ in played(name).asked_in_answering] == expected


def test_the_held_out_rows_of_this_file_are_in_no_other_part():
    assert not {e.question for e in HELDOUT} & {e.question for e in (*TRAIN, *DEV)}


def test_rows_longer_than_the_models_context_are_left_out_of_training_and_counted(
    tmp_path, tiny_model
):
    long = dataclasses.replace(TRAIN[0], question=LONG.text)
    tools = bench(tmp_path, tiny_model, "finetune-s1")
    view = dataclasses.replace(VIEW, train=(long, *TRAIN[1:]))
    settings = rungs()["finetune"].build(view, tools).prepare(None).settings
    assert settings["rows_too_long"] == 1 and settings["training_rows"] == len(TRAIN) - 1


def test_training_on_nothing_but_rows_that_are_too_long_says_what_to_do(tmp_path, tiny_model):
    long = dataclasses.replace(TRAIN[0], question=LONG.text)
    tools = bench(tmp_path, tiny_model, "finetune-s1")
    rung = rungs()["finetune"].build(dataclasses.replace(VIEW, train=(long,)), tools)
    with pytest.raises(JobError, match="every row is longer") as refused:
        rung.prepare(None)
    assert "longer context" in refused.value.problems[0].fix
