"""Passages are cut so that a prompt and its answer fit what the model can read."""

import pytest

from harness.answering import Asked, answer_all, fitted
from harness.prompts import HINT, Demonstration, render
from harness.types import Answer, Context, Failure, Query
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
    assert isinstance(said, Answer) and said.contexts == (SHORT,)
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
