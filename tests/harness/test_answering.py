"""Passages are cut so that a prompt and its answer fit the model, and the user's budget."""

import dataclasses

import pytest

from harness.answering import Asked, answer_all, fitted
from harness.generators.endpoint import CONTEXT_TOKENS, EndpointGenerator
from harness.given import Given, RetrievalSettings
from harness.instructions import Wording
from harness.prompts import HINT, Demonstration, above, render
from harness.types import Answer, Context, Failure, Query
from tests.harness.chat_server import chat_server
from tests.harness.rung_bench import NEW_TOKENS, SPEC, bench

SHORT = Context("a.md", "That takes 5 days.", 0.9, "A")
PAGE = Context("b.md", "一二三四五六七八九十" * 400, 0.8, "B")
"""One word for who counts words, and more than the tiny model can read."""
SHOWN = (Demonstration("An earlier question", "Its answer"),)


@pytest.fixture(scope="module")
def tools(tmp_path_factory, tiny_model):
    return bench(tmp_path_factory.mktemp("fits"), tiny_model, "rag-s1")


def asked(*contexts: Context, text: str = "How long?") -> Asked:
    return Asked(Query("q", text), render(SPEC, text, contexts, SHOWN), contexts)


def test_the_farthest_passages_give_way_and_the_answer_says_which_were_read(tools):
    (said,) = answer_all(tools, [asked(SHORT, PAGE, SHORT)])
    assert isinstance(said, Answer) and said.contexts == (SHORT,) and said.dropped_contexts == 2
    assert tools.generator.asked[-1][0] == render(SPEC, "How long?", (SHORT,), SHOWN)
    assert said.prompt_tokens + NEW_TOKENS <= tools.generator.context_length


def test_what_is_cut_keeps_its_layout(tools):
    contexts = (SHORT, SHORT, PAGE)
    prompt = render(SPEC, "How long?", contexts, SHOWN, HINT)
    kept = fitted(tools, Asked(Query("q", "How long?"), prompt, contexts, 0.0, HINT))
    assert kept.prompt == render(SPEC, "How long?", (SHORT, SHORT), SHOWN, HINT)


def test_where_not_even_the_closest_passage_fits_the_question_is_asked_alone(tools):
    (said,) = answer_all(tools, [asked(PAGE, SHORT)])
    assert isinstance(said, Answer) and said.contexts == () and said.citations == ()
    assert said.dropped_contexts == 2


def test_what_fits_is_left_as_it_is_and_what_never_fits_is_refused_by_name(tools):
    one = asked(SHORT, SHORT)
    assert fitted(tools, one) == one
    endless = asked(SHORT, text="How long? " * 2000)
    assert fitted(tools, endless) is endless
    (refused,) = answer_all(tools, [endless])
    assert isinstance(refused, Failure) and refused.kind == "prompt_too_long"


LONG_ONE = Demonstration("How long is it?", "Very long indeed. " * 200)


def test_worked_examples_that_fill_the_context_give_way_the_longest_first(tools):
    turns = (*SHOWN, LONG_ONE, Demonstration("And how short?", "Very short"))
    one = Asked(Query("q", "How long?"), render(SPEC, "How long?", (), turns))
    (said,) = answer_all(tools, [one])
    assert isinstance(said, Answer)
    assert tools.generator.asked[-1][0].turns == (turns[0], turns[2])


def test_a_prompt_in_words_that_a_search_found_keeps_them_when_examples_give_way(tools):
    wording = Wording("other words", "Say it shortly.", before="Please: ", after=" Thank you.")
    turns = (*SHOWN, LONG_ONE)
    prompt = wording.of(render(SPEC, "How long?", (), turns))
    kept = fitted(tools, Asked(Query("q", "How long?"), prompt)).prompt
    assert kept == wording.of(render(SPEC, "How long?", (), SHOWN))


def test_the_closest_passage_stays_longer_than_worked_examples(tools):
    turns = (LONG_ONE, LONG_ONE)
    one = Asked(Query("q", "How?"), render(SPEC, "How?", (SHORT, PAGE), turns), (SHORT, PAGE))
    kept = fitted(tools, one)
    assert kept.contexts == (SHORT,) and kept.prompt == render(SPEC, "How?", (SHORT,))
    alone = one._replace(contexts=(PAGE,), prompt=render(SPEC, "How?", (PAGE,), SHOWN))
    assert fitted(tools, alone).prompt == render(SPEC, "How?", (), SHOWN)


def test_room_is_kept_for_the_longest_answer_that_a_constraint_allows(tools):
    one = asked(SHORT, SHORT)
    room = tools.generator.context_length - tools.generator.count_prompt(one.prompt)

    class Long:
        longest = room + 1

    assert fitted(tools, one).contexts == one.contexts
    assert fitted(tools, one, Long()).contexts == (SHORT,)


THREE = tuple(Context(f"{name}.md", f"That takes {name} days.", 0.9, name) for name in "abc")


def with_budget(tools, tokens):
    """The same tools, the open model too, for a user who allows so many tokens of passages."""
    budget = dataclasses.replace(tools, given=Given(RetrievalSettings(context_tokens=tokens)))
    budget.share(tools)
    return budget


@pytest.mark.parametrize("layout", ["closest last", HINT])
def test_passages_beyond_the_budget_in_tokens_give_way_the_farthest_first(tools, layout):
    def tokens(n):
        return tools.generator.count_tokens(above("How long?", THREE[:n], layout))

    prompt = render(SPEC, "How long?", THREE, SHOWN, layout)
    one = Asked(Query("q", "How long?"), prompt, THREE, 0.0, layout)
    for n in (1, 2, 3):
        (said,) = answer_all(with_budget(tools, tokens(n)), [one])
        assert (said.contexts, said.dropped_contexts) == (THREE[:n], 3 - n)
        shown = render(SPEC, "How long?", THREE[:n], SHOWN, layout)
        assert tools.generator.asked[-1][0] == shown
    assert fitted(with_budget(tools, tokens(2) - 1), one).contexts == THREE[:1]
    none = fitted(with_budget(tools, tokens(1) - 1), one)
    assert (none.contexts, none.dropped) == ((), 3)
    assert none.prompt == render(SPEC, "How long?", (), SHOWN)


def test_what_the_budget_lets_through_still_has_to_fit_the_model(tools):
    one = asked(SHORT, PAGE, SHORT)
    kept = fitted(with_budget(tools, 10**6), one)
    assert (kept.contexts, kept.dropped) == ((SHORT,), 2)


def test_an_endpoint_is_held_to_the_budget_by_its_estimate_and_to_nothing_else(tools):
    endless = Context("b.md", "Word. " * CONTEXT_TOKENS, 0.8, "B")
    elsewhere = with_budget(tools, 60)
    elsewhere.generator = EndpointGenerator("openai:http://127.0.0.1:1/v1#m")
    kept = fitted(elsewhere, asked(SHORT, endless))
    assert (kept.contexts, kept.dropped) == ((SHORT,), 1)
    free = with_budget(tools, 0)
    free.generator = elsewhere.generator
    assert fitted(free, asked(SHORT, endless)).contexts == (SHORT, endless)


def test_an_answer_that_copies_a_broken_mark_from_an_example_is_read_as_it_was_meant(tools):
    """What breaks the mark up cannot be seen, and the answer would miss its reference by it."""
    meant = "<s>19.99</s> 14.99"
    copying, turns = with_budget(tools, 0), (Demonstration("How much was it?", meant),)
    prompt = render(SPEC, "How much?", (), turns)
    shown = prompt.messages()[2]["content"]
    assert shown != meant, "no trap here"
    with chat_server(lambda _: shown) as server:
        copying.generator = EndpointGenerator(server.endpoint)
        (said,) = answer_all(copying, [Asked(Query("q", "How much?"), prompt)])
    assert isinstance(said, Answer) and said.text == meant


@pytest.mark.parametrize(
    ("kind", "timed", "warming"), [("cuda", 2, 1), ("cuda", 0, 0), ("cpu", 2, 0)]
)
def test_a_card_gives_a_short_answer_that_nobody_times_before_it_is_timed(
    tools, kind, timed, warming
):
    on = with_budget(tools, 0)
    vars(on)["device"] = on.device._replace(kind=kind)
    questions = [asked(text=f"How long is {one}?") for one in "abc"]
    tools.generator.asked.clear()
    said = list(answer_all(on, questions, timed=timed))
    assert [one.latency_s is not None for one in said].count(True) == timed and len(said) == 3
    prompts = [(one.prompt, NEW_TOKENS) for one in questions]
    assert tools.generator.asked == [(questions[0].prompt, 2)] * warming + prompts
