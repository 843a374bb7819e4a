"""Content by hand: what counts, and what belongs to the manner."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.content import content_kept, content_weight, facts_kept, overlap
from harness.types import Answer, Example, TaskSpec

CLOSING = "Is there anything else we can do?"
HOUSE = [f"The room {name} has a pool. {CLOSING}" for name in "abcdefghijklmnopqrst"]
BAGS = st.lists(st.sampled_from(["pool", "bar", "spa", "wifi"]), max_size=8)


def test_overlap_weighs_shared_words_against_both_texts():
    weight = {"a": 1.0, "b": 3.0, "c": 2.0}.__getitem__
    assert overlap(["a", "b"], ["b", "c"], weight) == pytest.approx(2 * 3 / (4 + 5))
    assert overlap(["a", "a"], ["a"]) == pytest.approx(2 / 3)


@given(BAGS, BAGS)
def test_overlap_is_symmetric_within_0_and_1_and_full_only_for_equal_bags(a, b):
    value = overlap(a, b)
    assert value == pytest.approx(overlap(b, a)) and 0 <= value <= 1
    assert (value == 1) == (sorted(a) == sorted(b))


def test_words_of_many_house_answers_weigh_nothing_and_rare_ones_by_their_rarity():
    weight = content_weight(HOUSE, "en")
    assert {weight(word) for word in ("anything", "pool", "room")} == {0.0}
    assert weight("b") == pytest.approx(log(21 / 2))
    assert weight("never") == pytest.approx(log(21))


def test_the_closing_phrase_keeps_no_content_and_the_fact_alone_does():
    weight = content_weight(HOUSE, "en")
    right = (f"Breakfast costs 12 euros. {CLOSING}",)
    assert not content_kept(CLOSING, right, weight, "en")
    assert content_kept("12 euros for breakfast", right, weight, "en")
    assert not content_kept(f"Parking is free. {CLOSING}", right, weight, "en")
    assert not content_kept("", right, weight, "en")


def test_a_reference_of_common_words_has_to_be_met_by_most_of_them():
    weight = content_weight(HOUSE, "en")
    assert content_kept("the room has a pool", ("The room has a pool.",), weight, "en")
    assert not content_kept("room", ("The room has a pool.",), weight, "en")
    assert not content_kept("no idea whatever", ("The room has a pool.",), weight, "en")


def test_facts_are_a_share_or_not_known():
    spec = TaskSpec("t", "answer", "i")
    example = Example("e", "q", ("x",), key_facts=("7 days", "free"))
    assert facts_kept(example, Answer("e", "It is free."), spec) == 0.5
    assert facts_kept(Example("e", "q", ("x",)), Answer("e", "x"), spec) is None
