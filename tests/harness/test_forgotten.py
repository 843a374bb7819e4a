import math
import random

import pytest

from harness.forgotten import FAMILY, Skill, could, index, kept, level
from harness.probes.forgetting import PARTS, entries, question, right


def shares(right: int, n: int = 30) -> list[float]:
    return [1.0] * right + [0.0] * (n - right)


def texts(change: float, n: int = 24, seed: int = 0) -> Skill:
    rng = random.Random(seed)
    base = [3 + rng.random() for _ in range(n)]
    now = [value + change + rng.gauss(0, 0.01) for value in base]
    return Skill("text", base, [now], nats=True)


def verdict(*skills: Skill) -> tuple[str, tuple[str, ...]]:
    return level(kept(skills), index(skills))


# Verdicts


def test_a_loss_that_is_shown_is_told_with_the_skill_it_is_in():
    reading = Skill("reading", shares(20), [shares(4)])
    assert verdict(texts(0.0), reading) == ("much", ("reading",))
    assert verdict(texts(0.2)) == ("some", ("text",)), "a fifth more nats: 18 % less likely"
    assert verdict(texts(0.7))[0] == "much"


def test_what_stays_is_little_forgotten_and_what_grew_is_no_loss():
    same = Skill("reading", shares(20), [shares(20)])
    assert verdict(texts(0.01), same) == ("little", ())
    assert verdict(texts(-0.3), same) == ("little", ())


def test_few_items_that_may_hide_a_loss_cannot_tell():
    unclear = Skill("reading", shares(12), [[*[0.0] * 4, *[1.0] * 11, *[0.0] * 15]])
    word, reasons = verdict(unclear)
    assert (word, reasons) == ("cannot be told", ())


def test_where_the_base_could_do_nothing_there_is_nothing_to_forget():
    few = Skill("instruction", shares(4), [shares(0)])
    guessing = Skill("choice", shares(9), [shares(2)], chance=0.25)
    knowing = Skill("choice", shares(20), [shares(20)], chance=0.25)
    assert not could(few) and not could(guessing) and could(knowing) and could(texts(0))
    assert kept([few])["instruction"].loss is None
    assert index([few, guessing]).mean is None and verdict(few, guessing)[0] == "cannot be told"


def test_loss_is_the_part_of_what_the_base_could_do_above_guessing():
    chosen = Skill("choice", shares(20, 40), [shares(15, 40)], chance=0.25)
    assert kept([chosen])["choice"].loss == pytest.approx((20 - 15) / (20 - 10))
    assert index([chosen]).mean == pytest.approx(0.5)
    assert kept([texts(math.log(1.25))])["text"].loss == pytest.approx(0.2, abs=0.01)


def test_an_item_that_failed_is_left_out_on_both_sides_and_no_zero():
    base, now = [1.0] * 10 + [0.0] * 10, [1.0] * 9 + [None] + [0.0] * 10
    one = kept([Skill("reading", base, [now])])["reading"]
    assert one.comparison.difference == 0 and one.comparison.n == 19
    assert one.comparison.n_failed == 1 and one.loss == 0


def test_seeds_are_averaged_and_the_index_holds_its_mean():
    skill = Skill("reading", shares(20), [shares(10), shares(20)])
    found = index([skill])
    assert found.mean == pytest.approx(0.25)
    assert found.low < 0.25 < found.high


def test_where_nothing_was_forgotten_a_loss_is_hardly_ever_claimed():
    """200 draws of two models alike that differ on a third of the items, by chance."""
    rng, said = random.Random(1), 0
    for _ in range(200):
        items = [
            (1.0, 0.0) if (u := rng.random()) < 1 / 6 else (0.0, 1.0) if u < 1 / 3 else (v, v)
            for v in shares(20)
        ]
        base, now = ([pair[at] for pair in items] for at in (0, 1))
        said += verdict(Skill("reading", base, [now]))[0] in ("some", "much")
    assert said <= 14, "5 % of 200 and two standard errors"


# What is asked


def test_there_are_enough_items_of_every_kind_and_none_twice():
    sizes = {part: len(entries()[kind]) for part, (kind, _) in PARTS.items()}
    assert all(20 <= size <= 40 for size in sizes.values()) and len(PARTS) == FAMILY
    for part, (kind, _) in PARTS.items():
        if part not in ("text", "choice"):
            asked = [question(part, entry) for entry in entries()[kind]]
            assert len(set(asked)) == len(asked)
    for one in entries()["choice"]:
        assert len(set(one["choices"])) == 4


def test_a_fact_stands_in_its_paragraph_and_not_in_its_question():
    for one in entries()["paragraph"]:
        assert right("reading", one, str(one["text"])), one
        assert not right("reading", one, str(one["ask"])), one
        assert not right("not_stated", one, str(one["text"])), one
        assert right("not_stated", one, "Not stated.")
