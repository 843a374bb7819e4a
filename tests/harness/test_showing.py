"""What a held-out set can show before anything has run: figures by hand, and as tests decide."""

from dataclasses import replace

import pytest

from advisor.showing_words import showing_sentence
from harness.climb import climb
from harness.compare import paired
from harness.metrics import metrics
from harness.showing import showing
from harness.stats.power import minimum_detectable_difference
from harness.types import Example, TaskSpec

LABELS = TaskSpec("Desk", "label", "Which queue?")
ANSWERS = TaskSpec("Desk", "answer", "Answer.")


def held_out(n, documents=0):
    rows = [Example(f"h{i}", f"Text {i}", ("a",)) for i in range(n)]
    if documents:
        rows = [replace(row, context_ids=(f"d{i % documents}",)) for i, row in enumerate(rows)]
    return rows


def test_right_or_wrong_answers_show_what_the_table_says_at_the_share_of_a_step():
    found = showing(held_out(126), LABELS)
    assert found.smallest(2) == minimum_detectable_difference(126, 0.3)
    assert found.smallest(5) == minimum_detectable_difference(126, 0.3, 0.05 / 4)
    # every step of a climb over five rungs has at least a fourth of the 5 %
    steps = climb(["p", "f", "r", "t", "b"], lambda a, b, n: "worse", made_of={}).steps
    assert max(step.contrasts for step in steps) == 4


def test_graded_scores_show_smaller_differences():
    graded = showing(held_out(126), ANSWERS)
    assert graded.discordance == 0.1
    assert graded.smallest(5) < 0.7 * showing(held_out(126), LABELS).smallest(5)


def test_questions_about_one_document_count_as_fewer():
    found = showing(held_out(120, documents=30), LABELS)
    # four questions a document: 1 + 3 · 0.1 as many would be needed
    assert found.effective == pytest.approx(120 / 1.3)
    assert found.groups == 30
    assert found.smallest(5) > showing(held_out(120), LABELS).smallest(5)


@pytest.mark.parametrize(("rungs", "alone", "grouped"), [(2, 5, 6), (5, 7, 8), (8, 8, 9)])
def test_the_fewest_that_must_differ_are_those_of_the_comparison(rungs, alone, grouped):
    assert showing(held_out(300), LABELS).needed(rungs) == alone
    assert showing(held_out(300, documents=100), LABELS).needed(rungs) == grouped
    lone, both = [1.0] * (alone - 1) + [0.0] * 60, [0.0] * (alone + 59)
    assert paired(lone, both, contrasts=rungs - 1).note.endswith(f"in one direction: {alone}")
    rows, other = [1.0] * 8 + [0.0] * 60, [0.0] * 68
    clusters = [f"d{i // 4}" for i in range(68)]
    told = paired(rows, other, clusters=clusters, contrasts=rungs - 1).note
    assert told.endswith(f"in one direction: {grouped}")


def test_the_sentence_says_how_much_or_that_nothing_can_be_shown():
    assert showing_sentence(showing(held_out(126), LABELS), 5) == (
        "With 126 held-out questions a difference of about 16 points between two of 5 rungs "
        "would be shown in 4 of 5 such checks; smaller ones may well come out as too close to call."
    )
    few = showing_sentence(showing(held_out(126, documents=6), LABELS), 5)
    assert few.startswith("With 126 held-out questions from 6 documents or groups no difference")
    assert "at least 8 documents or groups must differ, all in one direction" in few
    assert "between the two rungs" in showing_sentence(showing(held_out(126), LABELS), 2)
    assert showing_sentence(showing(held_out(126), LABELS), 1) == ""
    assert showing_sentence(showing([], LABELS), 5) == ""


def test_every_metric_says_how_far_two_rungs_usually_differ():
    assert all(0 < one.discordance <= 1 for one in metrics().values())
