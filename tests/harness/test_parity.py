"""How much an export may differ from what was measured."""

import pytest

from harness.parity import TIE, TOLERANCE, Parity, against


def made(precision, identical, tied=0, difference=0.0):
    return Parity(
        loaded_by="transformers", precision=precision, asked=200, heldout=200, identical=identical,
        tied=tied, tolerance=TOLERANCE[precision], tie=TIE[precision], other_prompts=0,
        metric="accuracy_score", stored_score=0.5, exported_score=0.5 + difference,
        difference=difference, low=0.0, high=0.0, margin=0.03, free_score=None, why_not="",
        examples=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "identical", "tied", "said"),
    [
        ("float32", 200, 0, ""),
        ("float32", 199, 1, ""),
        ("float32", 199, 0, "1 of 200 answers differ, none may"),
        ("bfloat16", 198, 0, ""),
        ("bfloat16", 197, 0, "3 of 200 answers differ, 1 % may"),
    ],
)
def test_in_float32_every_answer_is_the_same_but_for_ties_and_in_bfloat16_nearly_all(
    precision, identical, tied, said
):
    assert against(made(precision, identical, tied)) == said


def test_a_score_that_moved_by_more_than_the_margin_stands_against_it_too():
    assert against(made("float32", 200, difference=0.04)) == "the score is 0.540, measured 0.500"
