"""AUC and TPR against scikit-learn, and the intervals against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from harness.intervals import mean_interval, wilson
from harness.stats.roc import auc_interval, found_at, independent_difference

scores = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


@given(scores, scores)
def test_auc_is_scikit_learns_ties_included(members, others):
    truth = [1] * len(members) + [0] * len(others)
    found = auc_interval(members, others)
    assert found.mean == pytest.approx(roc_auc_score(truth, [*members, *others]))
    assert 0 <= found.low <= found.mean <= found.high <= 1
    turned = auc_interval(others, members)
    assert turned.low == pytest.approx(1 - found.high, abs=1e-9)


@given(st.lists(st.integers(-9, 9).map(float), min_size=20, max_size=60),
       st.lists(st.integers(-9, 9).map(float), min_size=20, max_size=60),
       st.sampled_from([0.05, 0.1, 0.2]))  # fmt: skip
def test_the_share_found_at_a_rate_is_scikit_learns(members, others, rate):
    truth = [1] * len(members) + [0] * len(others)
    fpr, tpr, _ = roc_curve(truth, [*members, *others], drop_intermediate=False)
    assert found_at(members, others, rate).mean == pytest.approx(max(tpr[fpr <= rate + 1e-9]))


def test_a_rate_that_so_few_rows_cannot_show_is_not_claimed():
    assert found_at([1.0] * 50, [0.0] * 99).mean is None
    found = found_at([1.0] * 50, [0.0] * 100)
    assert (found.mean, found.n) == (1.0, 50)
    assert found_at([], [0.0] * 100).mean is None


def test_groups_that_are_parted_completely_are_not_certain_and_few_rows_less_so():
    few, many = (auc_interval([2.0] * n, [1.0] * n) for n in (8, 80))
    assert few.mean == many.mean == 1 and few.low < 0.9 < many.low < 1


def test_rows_of_one_cluster_count_for_little_more_than_one():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 1, 20), rng.normal(0, 1, 20)
    alone = auc_interval(a, b)
    names = [str(i // 3) for i in range(60)]
    tripled = auc_interval(a.repeat(3), b.repeat(3), (names, names))
    assert tripled.mean == pytest.approx(alone.mean)
    assert tripled.high - tripled.low == pytest.approx(alone.high - alone.low, abs=0.06)
    as_if_many = auc_interval(a.repeat(3), b.repeat(3))
    assert tripled.high - tripled.low > 1.4 * (as_if_many.high - as_if_many.low)


def test_two_independent_shares_differ_by_the_published_interval():
    """Newcombe (1998), table II, row (a): 56 of 70 less 48 of 80, method 10."""
    found = independent_difference(wilson(56, 70), wilson(48, 80))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    with pytest.raises(ValueError, match="no item"):
        independent_difference(wilson(1, 2), mean_interval([None]))


def test_what_cannot_be_told_says_why_and_what_is_no_number_is_refused():
    assert auc_interval([], [1.0]).mean is None and auc_interval([], [1.0]).method
    with pytest.raises(ValueError, match="not finite"):
        auc_interval([math.nan], [1.0])


@pytest.mark.parametrize("shift", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("size", [1, 3])
def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty(shift, size):
    """400 simulated draws: standard error of the coverage 1.1 points."""
    truth = 0.5 * (1 + math.erf(shift / 2))
    rng = np.random.default_rng(7)
    held, units = 0, 30
    names = [str(i // size) for i in range(units * size)]
    for _ in range(400):
        rows = []
        for mean in (shift, 0.0):
            own = rng.normal(0, math.sqrt(0.5), units).repeat(size) if size > 1 else 0.0
            noise = math.sqrt(0.5) if size > 1 else 1.0
            rows.append(mean + own + rng.normal(0, noise, units * size))
        found = auc_interval(*rows, (names, names) if size > 1 else (None, None))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.99
