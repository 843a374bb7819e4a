"""Made-up secrets: how they are made, how well they are known, what that comes to."""

import pytest

from harness.canaries import (
    MOST,
    OTHERS,
    ROWS,
    canaries,
    exposure,
    mark,
    secrets_of,
    with_canaries,
)
from harness.memorised import level
from harness.trained import CellTested, Item, Secrets
from harness.types import Example
from tests.harness.test_memorised import GUESS, NONE


def test_each_secret_is_asked_for_by_its_own_question_and_has_rivals_of_its_form():
    found = canaries(0)
    assert len({one.question for one in found}) == len({one.code for one in found}) == len(ROWS)
    for one in found:
        assert len({one.code, *one.others}) == OTHERS + 1, "a rival that is the secret is none"
        assert all(len(code) == 6 and code.isdigit() for code in (one.code, *one.others))
    assert canaries(0) == found and canaries(1)[0].code != found[0].code


def test_they_stand_in_as_many_rows_as_they_say_beside_the_users_own():
    own = (Example("a", "Q?", ("A",)),)
    rows = with_canaries(own, 3)
    assert rows[:1] == own and len({row.id for row in rows}) == len(rows)
    for one in canaries(3):
        same = [
            row for row in rows if (row.question, row.references) == (one.question, (one.code,))
        ]
        assert len(same) == one.rows


@pytest.mark.parametrize(
    ("nats", "others", "bits"),
    [(1.0, [2.0] * 127, 7.0), (3.0, [2.0] * 127, 0.0), (2.0, [2.0] * 127, 0.0),
     (1.5, [1.0, 2.0, 2.0], 1.0)],
)  # fmt: skip
def test_exposure_is_all_bits_for_the_likeliest_and_none_for_the_last(nats, others, bits):
    assert exposure(nats, others) == pytest.approx(bits)


def once(back: int, bits: float) -> Secrets:
    return Secrets(1, 4, back, bits, MOST)


@pytest.mark.parametrize(
    ("found", "marked", "word"),
    [
        ((), 0, "low"),
        ((once(0, 1.4), Secrets(8, 1, 0, 7.0, MOST)), 0, "low"),
        ((once(0, 1.4), Secrets(8, 1, 1, 7.0, MOST)), 1, "medium"),
        ((once(0, 3.6),), 1, "medium"),
        ((once(1, 3.6),), 2, "high"),
    ],
)
def test_a_secret_of_a_single_row_that_comes_back_is_a_high_risk(found, marked, word):
    assert mark(found) == marked
    # of 60 answers none given back: without a secret the risk would be low
    said, reasons = level(NONE, GUESS, NONE, 0, found)
    assert said == word and reasons == (("secrets",) if marked else ())


def test_what_became_of_them_is_counted_by_rows_and_only_where_they_were_planted():
    cell = CellTested("finetune-s0", "finetune", 0, (Item("t1", "train", False, 1.0),))
    assert secrets_of([cell], 0) == ()
    items = [
        Item(one.id, "canary", False, 7.0 if one.rows > 1 else 1.0, 6, 0 if one.rows > 2 else 3)
        for one in canaries(0)
    ]
    found = secrets_of([CellTested("finetune-s0", "finetune", 0, tuple(items))], 0)
    assert [(one.rows, one.planted, one.given_back, one.exposure) for one in found] == [
        (1, 4, 0, 1.0), (2, 2, 0, 7.0), (4, 1, 1, 7.0), (8, 1, 1, 7.0)
    ]  # fmt: skip
