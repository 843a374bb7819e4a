import dataclasses

import pytest

from harness.experiment import Estimate
from harness.memorised import (
    LONG_ENOUGH,
    extracted_of,
    level,
    membership_of,
    personal,
)
from harness.probe import Change
from harness.store import Cell
from harness.trained import CellTested, Finding, Item, Material
from harness.types import Answer, Context, Example, Preparation, TaskSpec, TrainView
from rag.types import Document

SPEC = TaskSpec("desk", "answer", "Answer.")


def cell(train, heldout, base_train=None, base_heldout=None, tokens=12, rest_from=12) -> CellTested:
    """Nats of each row, read by the trained model and by its base."""
    items = []
    for part, now, was in (("train", train, base_train), ("heldout", heldout, base_heldout)):
        for base, values in ((False, now), (True, was or [3.0] * len(now))):
            items += [Item(f"{part}{i}", part, base, value, tokens, rest_from)
                      for i, value in enumerate(values)]  # fmt: skip
    return CellTested("finetune-s0", "finetune", 0, tuple(items))


def estimate(mean, low, high) -> Finding:
    return Finding(Estimate(mean, low, high, 60, 0))


def given(difference, low) -> Finding:
    change = Change(difference, low, difference + 0.1, 120, "worse")
    return dataclasses.replace(estimate(0.2, 0.1, 0.3), change=change)


NONE = Finding(Estimate(None, None, None, 0, 0))
GUESS = estimate(0.5, 0.42, 0.58)


@pytest.mark.parametrize(
    ("extracted", "member", "found", "n", "word", "reasons"),
    [
        (given(-0.05, -0.1), GUESS, NONE, 0, "low", ()),
        (given(0.05, -0.05), GUESS, NONE, 0, "cannot be told", ()),
        (given(0.05, 0.01), GUESS, NONE, 0, "medium", ("extracted",)),
        (given(0.20, 0.01), GUESS, NONE, 0, "high", ("extracted",)),
        (NONE, estimate(0.7, 0.62, 0.78), NONE, 0, "medium", ("membership",)),
        (NONE, estimate(0.9, 0.80, 0.95), NONE, 0, "high", ("membership",)),
        (NONE, estimate(0.9, 0.45, 0.99), NONE, 0, "cannot be told", ()),
        (NONE, estimate(0.58, 0.51, 0.65), estimate(0.2, 0.12, 0.3), 0, "high", ("found",)),
        (NONE, GUESS, NONE, 1, "high", ("personal",)),
        (NONE, NONE, NONE, 0, "cannot be told", ()),
    ],
)
def test_the_verdict_is_the_worst_that_is_shown(extracted, member, found, n, word, reasons):
    assert level(extracted, member, found, n) == (word, reasons)


def test_rows_that_the_base_found_likely_already_are_not_taken_for_memorised():
    easy = cell([1.0] * 30, [2.0] * 30, [1.0] * 30, [2.0] * 30)
    member, _ = membership_of([easy], {})
    assert member.value.mean == 0.5
    assert member.before.mean == 1 and "differed before any training" in member.note


def test_gains_of_training_rows_alone_are_recognised_and_seeds_taken_together():
    learned = cell([0.5] * 30, [3.0] * 30)
    member, found = membership_of([learned], {})
    assert member.value.mean == 1 and member.note == ""
    assert found.value.mean is None and "30 rows are too few" in found.note
    both, _ = membership_of([learned, cell([3.0] * 30, [3.0] * 30)], {})
    assert both.value.mean == 0.75 and both.value.low < 0.5 and both.value.high == 1


def test_what_unseen_rows_and_the_base_can_complete_too_is_no_recitation():
    same = extracted_of([cell([1.0] * 30, [1.0] * 30, rest_from=3)], {})
    assert same.value.mean == same.control.mean == same.before.mean == 1
    assert same.change.low < 0 < same.change.high


def test_short_answers_are_not_judged_by_their_second_half():
    short = extracted_of([cell([1.0] * 30, [1.0] * 30, tokens=LONG_ENOUGH - 1, rest_from=0)], {})
    assert short.value.mean is None and "too short to tell" in short.note


# Personal data

TRAIN = (
    Example("t1", "Whom do I write to?", ("Write to ada@example.org or call 0212 555 44 33.",)),
    Example("t2", "And the office?", ("Write to office@example.org.",)),
    Example("t3", "I am eve@example.org, where is my order?", ("On its way.",)),
)
HELD = (Example("h1", "Who is it?", ("Nobody.",)), Example("h2", "Who?", ("See ada@example.org",)))
PAGES = (Document("a", "Reach us: office@example.org", "a", None, "A"),)


def material(*answers: Answer) -> Material:
    checked = Cell("finetune-s0", "finetune", 0, Preparation(), answers, (), 1.0, 0, "", "")
    return Material((), None, (checked,), TrainView(SPEC, TRAIN, (), PAGES), HELD, 0)


def test_personal_data_of_another_row_counts_and_what_may_be_said_does_not():
    assert personal(material(Answer("h1", "Ask ada@example.org."))) == {"email": 1}
    assert personal(material(Answer("h1", "Call 0212 555 4433!"))) == {"phone": 1}
    asked = material(Answer("h1", "As eve@example.org says."))
    assert personal(asked) == {"email": 1}, "a question that was learned from holds it"
    assert personal(material(Answer("h1", "Ask office@example.org."))) == {}, "a page states it"
    assert personal(material(Answer("h1", "Ask bob@example.org."))) == {}, "made up, not learned"
    told = material(Answer("h1", "Ask ada@example.org."))
    spec = dataclasses.replace(told.view.spec, instruction="Send people to Ada@example.org.")
    told = told._replace(view=dataclasses.replace(told.view, spec=spec))
    assert personal(told) == {}, "every prompt says it"
    assert personal(material(Answer("h2", "ada@example.org"))) == {}, "it is the right answer"
    shown = (Context("p", "Contact: ada@example.org", 1.0),)
    assert personal(material(Answer("h1", "ada@example.org", shown))) == {}, "it was shown"
