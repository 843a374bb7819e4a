"""How far a judge agrees with people, against other libraries, and what its corrections cover."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from harness.judge.measure import unusable
from harness.stats import judged
from harness.stats.judged import Checked, Seen, agreement, corrected, kappa

TABLES = [(12, 3, 2, 13), (30, 1, 0, 9), (5, 10, 10, 5), (0, 4, 6, 20), (1, 0, 0, 1), (7, 0, 23, 0)]


def checked(tp, fp, fn, tn):
    kinds = (
        [(True, True)] * tp + [(False, True)] * fp + [(True, False)] * fn + [(False, False)] * tn
    )
    return [Checked(f"q{i}", human, judge) for i, (human, judge) in enumerate(kinds)]


@pytest.mark.parametrize("table", TABLES)
def test_kappa_is_the_one_of_scikit_learn(table):
    pairs = checked(*table)
    wanted = cohen_kappa_score([one.human for one in pairs], [one.judge for one in pairs])
    assert kappa(*table) == pytest.approx(wanted)
    found = agreement(pairs).kappa
    assert found.mean == kappa(*table) and found.low <= found.mean <= found.high


def test_kappa_is_not_known_where_all_is_called_the_same():
    assert kappa(30, 0, 0, 0) is None and kappa(0, 0, 0, 0) is None
    found = agreement(checked(30, 0, 0, 0))
    assert found.kappa.mean is None and "undefined" in found.kappa.method
    assert found.tnr.mean is None and unusable(found) == ("one_sided",)


@pytest.mark.parametrize("table", [(40, 10, 8, 42), (120, 20, 30, 230)])
def test_kappas_interval_is_near_the_usual_one_where_that_holds(table):
    tp, fp, fn, tn = table
    usual = cohens_kappa(np.array([[tp, fn], [fp, tn]]))
    found = agreement(checked(*table)).kappa
    assert found.low == pytest.approx(usual.kappa_low, abs=0.03)
    assert found.high == pytest.approx(usual.kappa_upp, abs=0.03)


def test_thirty_labels_without_an_error_do_not_make_a_judge_certain():
    found = agreement(checked(15, 0, 0, 15))
    assert found.kappa.mean == 1.0 and 0.7 < found.kappa.low < 0.95 and found.kappa.high == 1.0
    assert found.tpr.low == pytest.approx(0.796, abs=0.001), "Wilson"
    assert unusable(found) == ()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ((15, 0, 0, 14), ("few_labels",)),
        ((20, 0, 10, 0), ("one_sided",)),
        ((10, 10, 10, 10), ("chance", "kappa")),
        ((5, 10, 10, 5), ("chance", "kappa")),
        ((12, 5, 3, 10), ("kappa",)),
        ((28, 2, 2, 28), ()),
    ],
)
def test_a_judge_is_usable_only_where_it_is_surely_better_than_chance(table, why):
    assert unusable(agreement(checked(*table))) == why


def seen(rights, names=None):
    return [Seen(f"q{i}", f"q{i}", right) for i, right in enumerate(rights)]


def test_the_share_is_rogan_and_gladens():
    found = corrected(checked(18, 3, 2, 17), {"rag": seen([True] * 60 + [False] * 40)})
    wanted = (0.6 + 0.85 - 1) / (0.9 + 0.85 - 1)
    rag = found.rungs["rag"]
    assert rag.mean == pytest.approx(wanted) and rag.low < wanted < rag.high and rag.n == 100


def test_a_share_never_leaves_its_range_and_a_perfect_judge_is_taken_at_its_word():
    rungs = {"low": seen([False] * 50), "high": seen([True] * 50)}
    found = corrected(checked(18, 3, 2, 17), rungs)
    assert found.rungs["low"].mean == 0.0 and found.rungs["high"].mean == 1.0
    assert all(0 <= one.low <= one.mean <= one.high <= 1 for one in found.rungs.values())
    sure = corrected(checked(500, 0, 0, 500), {"rag": seen([True] * 70 + [False] * 30)})
    rag = sure.rungs["rag"]
    assert rag.mean == 0.7
    assert (rag.low, rag.high) == pytest.approx((0.604, 0.783), abs=0.015), "Jeffreys' of 70 in 100"


def test_nothing_is_corrected_by_a_judge_that_is_no_better_than_chance():
    rungs = {"rag": seen([True, False])}
    for table in ((10, 10, 10, 10), (5, 10, 10, 5), (30, 0, 0, 0), (0, 0, 0, 30), (0, 0, 0, 0)):
        assert corrected(checked(*table), rungs) is None


def test_rungs_that_the_judge_sees_alike_do_not_differ_and_the_difference_turns_round():
    rights = [i % 3 == 0 for i in range(60)]
    pairs = checked(18, 3, 2, 17)
    found = corrected(pairs, {"a": seen(rights), "b": seen(rights), "c": seen([True] * 60)})
    same, one, other = found.differences
    assert (same.a, same.b, same.difference) == ("a", "b", 0.0) and same.low < 0 < same.high
    assert one.difference == other.difference < 0 and one.high < 0
    assert (same.high - same.low) < (found.rungs["a"].high - found.rungs["a"].low), "paired"


def test_a_judge_of_whom_little_is_known_leaves_the_difference_open_to_both_sides():
    """In draws in which it is no better than chance both shares are unknown, each by itself."""
    many = [Seen(f"i{at}", f"c{at}", at < 32) for at in range(40)]
    few = [Seen(f"i{at}", f"c{at}", at < 16) for at in range(40)]
    (found,) = corrected(checked(10, 6, 5, 9), {"a": many, "b": few}).differences
    assert found.low < 0 < found.difference


def test_kappa_of_answers_on_few_documents_is_less_sure():
    alone = checked(15, 5, 5, 15)
    together = [one._replace(cluster=f"d{at // 5}") for at, one in enumerate(alone)]
    assert agreement(together).kappa.low < agreement(alone).kappa.low - 0.05
    assert agreement(together).kappa.mean == agreement(alone).kappa.mean


def test_only_questions_on_which_both_were_judged_are_compared():
    rungs = {"a": seen([True] * 40), "b": seen([True] * 20 + [False] * 20)[10:], "c": []}
    found = corrected(checked(18, 3, 2, 17), rungs)
    assert [(one.a, one.b, one.n) for one in found.differences] == [("a", "b", 30)]
    assert list(found.rungs) == ["a", "b"]


def test_questions_of_one_document_count_as_fewer_than_they_are():
    rights = [i % 20 < 10 for i in range(100)]
    alone = {"rag": seen(rights)}
    together = {
        "rag": [one._replace(cluster=f"doc{i // 10}") for i, one in enumerate(alone["rag"])]
    }
    pairs = checked(180, 10, 10, 200)
    narrow, wide = (corrected(pairs, rungs).rungs["rag"] for rungs in (alone, together))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_same_seed_gives_the_same_interval():
    pairs, rungs = checked(18, 3, 2, 17), {"rag": seen([True] * 60 + [False] * 40)}
    assert corrected(pairs, rungs, seed=3) == corrected(pairs, rungs, seed=3)
    assert corrected(pairs, rungs, seed=3) != corrected(pairs, rungs, seed=4)


# Coverage


def simulated(share, tpr, tnr, labels, n, rng):
    """Two rungs on the same questions, some harder than others, and labels of both in turn."""
    hard = rng.random(n)
    rungs, human = {}, {}
    for name, true in (("a", share), ("b", min(1.0, share + 0.2))):
        mixed = (hard + rng.random(n)) / 2
        # by this quantile of the mean of two uniform numbers the share is exact
        human[name] = mixed < (np.sqrt(true / 2) if true <= 0.5 else 1 - np.sqrt((1 - true) / 2))
        judge = np.where(human[name], rng.random(n) < tpr, rng.random(n) >= tnr)
        rungs[name] = seen([bool(one) for one in judge])
    order = rng.permutation(n)
    pairs = []
    for turn in range(labels):
        name, place = "ab"[turn % 2], order[turn]
        pairs.append(Checked(f"q{place}", bool(human[name][place]), rungs[name][place].judge))
    return pairs, rungs


def coverage(share, tpr, tnr, labels, n, repeats, monkeypatch):
    """How often the intervals of a share and of a difference hold what is true."""
    monkeypatch.setattr(judged, "DRAWS", 1000)
    rng = np.random.default_rng(5)
    held = []
    for seed in range(repeats):
        found = corrected(*simulated(share, tpr, tnr, labels, n, rng), seed=seed)
        if found is None:
            continue
        one, between = found.rungs["a"], found.differences[0]
        held.append((one.low <= share <= one.high, between.low <= -0.2 <= between.high))
    assert len(held) > 0.98 * repeats
    return np.mean(held, axis=0)


def test_a_correction_covers_what_is_true_about_as_often_as_it_says(monkeypatch):
    share, difference = coverage(0.5, 0.9, 0.85, 60, 120, 150, monkeypatch)
    assert share > 0.89 and difference > 0.89


@pytest.mark.parametrize(("shares", "n"), [((27, 3, 3, 27), 30), ((9, 9, 1, 81), 60)])
def test_kappas_interval_covers_what_is_true_about_as_often_as_it_says(shares, n, monkeypatch):
    monkeypatch.setattr(judged, "KAPPA_DRAWS", 500)
    rng = np.random.default_rng(1)
    true = kappa(*shares)
    drawn = rng.multinomial(n, np.array(shares) / sum(shares), size=300)
    found = [
        agreement(checked(*map(int, table)), seed=seed).kappa for seed, table in enumerate(drawn)
    ]
    held = [one.low <= true <= one.high for one in found if one.mean is not None]
    assert len(held) > 290 and 0.91 < np.mean(held) < 0.985


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "tpr", "tnr", "labels", "n"),
    [
        (0.5, 0.90, 0.90, 40, 120),
        (0.3, 0.90, 0.80, 60, 120),
        (0.2, 0.85, 0.95, 60, 120),
        (0.6, 0.80, 0.80, 100, 200),
        (0.7, 0.90, 0.75, 60, 100),
    ],
)
def test_a_correction_covers_what_is_true_in_93_to_97_of_100(
    share, tpr, tnr, labels, n, monkeypatch
):
    one, between = coverage(share, tpr, tnr, labels, n, 2000, monkeypatch)
    # two standard errors of 2,000 repeats are one in a hundred
    assert 0.93 <= one <= 0.97
    assert 0.93 <= between <= 0.97
