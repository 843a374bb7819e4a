"""How a table's answers say that it is not known is found, and no common answer is taken for it."""

import pytest

from advisor.abstaining_answers import abstention_among

OTHERS = [f"It is number {n}." for n in range(20)]


@pytest.mark.parametrize(
    "said",
    [
        "I don't know.",
        "Sorry, we cannot find that in our pages.",
        "Bu konuda bilgi bulunmamaktadır.",
        "Das weiß ich nicht, ich weiß es nicht.",
    ],
)
def test_words_that_several_rows_share_and_that_admit_not_knowing_are_found(said):
    assert abstention_among([*OTHERS, said, said, said]) == said


@pytest.mark.parametrize(
    "answers",
    [
        [*OTHERS, "I do not know."],
        [*OTHERS, "Yes.", "Yes.", "Yes."],
        ["I do not know."] * 30 + OTHERS,
        [*OTHERS, None, 7, {"a": 1}],
        [],
    ],
    ids=["once", "a common answer", "most of the rows", "no texts", "no rows"],
)
def test_nothing_else_is_taken_for_it(answers):
    assert abstention_among(answers) == ""
