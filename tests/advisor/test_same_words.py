"""What an answer shares with a right one is marked, and everything of it stays as it was."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.page_parts.same_words import same_words

RIGHT = ("The plant travels in a box of 12.5 cm.", "It comes boxed.")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Your order travels in a sack.", ["travels in a"]),
        ("A sack: 12.5 litres", ["12.5"]),
        ("The sack of the man", []),
        ("IT COMES by train", ["IT COMES"]),
        ("In 12.5 cm travels the plant", ["12.5 cm", "travels", "the plant"]),
        ("", []),
        ("nothing alike", []),
    ],
)
def test_runs_that_say_something_are_marked_and_lone_small_words_are_not(text, marked):
    assert re.findall("<mark>(.*?)</mark>", same_words(text, RIGHT)) == marked


def test_the_right_answer_that_shares_most_is_the_one_compared_with():
    assert same_words("It comes boxed.", RIGHT) == "<mark>It comes boxed</mark>."


@given(st.text(), st.lists(st.text(), max_size=3))
def test_without_its_marks_it_is_the_answer_letter_by_letter(text, right):
    shown = str(same_words(text, right))
    assert html.unescape(re.sub("</?mark>", "", shown)) == text
    assert "<" not in re.sub("</?mark>", "", shown)
