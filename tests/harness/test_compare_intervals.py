import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.intervals import mean_interval, wilson, wilson_bounds


@given(n=st.integers(1, 2000), share=st.floats(0, 1))
def test_wilson_agrees_with_statsmodels(n, share):
    successes = round(share * n)
    expected = proportion_confint(successes, n, method="wilson")
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)
    assert interval.low <= interval.mean <= interval.high


def test_right_wrong_scores_get_wilsons_interval():
    interval = mean_interval([1, 1, 0, True, None, False, 1])
    low, high = proportion_confint(4, 6, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
    assert (interval.mean, interval.n, interval.n_failed) == (4 / 6, 6, 1)
    assert interval.method == "Wilson"


@pytest.mark.parametrize("scores", [[], [None, None]])
def test_without_scores_the_mean_is_undefined_and_not_0(scores):
    interval = mean_interval(scores)
    assert (interval.mean, interval.low, interval.high) == (None, None, None)
    assert (interval.n, interval.n_failed) == (0, len(scores))
    assert interval.method == "no item has a score"


def test_no_failure_seen_still_leaves_room_for_some():
    assert mean_interval([1] * 30).low == pytest.approx(0.8865, abs=1e-4)
    assert mean_interval([1.0] * 29 + [0.999]).low < 0.9


def test_scores_outside_0_to_1_get_students_t():
    from scipy import stats

    scores = [61.2, 70.1, 55.0, 66.4, 80.9]
    expected = stats.ttest_1samp(scores, 0).confidence_interval()
    interval = mean_interval(scores)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert interval.method == "Student t"


def test_equal_scores_of_unknown_range_have_a_mean_but_no_interval():
    interval = mean_interval([37.0, 37.0])
    assert (interval.mean, interval.low) == (37.0, None)
    assert "range is not known" in interval.method


def test_a_score_that_rounding_lifts_above_1_is_still_in_0_to_1():
    assert mean_interval([1.0000000000000002, 0.5, 0.7]).method == "Wilson at effective n"


def test_many_graded_scores_get_students_t_interval():
    from scipy import stats

    scores = np.random.default_rng(1).uniform(0.2, 0.8, 2000)
    expected = stats.ttest_1samp(scores, 0).confidence_interval()
    interval = mean_interval(scores)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_copies_of_an_item_add_no_certainty_when_they_are_one_cluster():
    scores = [1, 0, 1, 1, 0, 1, 1, 1, 0, 1] * 2
    once = mean_interval(scores)
    naive = mean_interval(scores * 6)
    clustered = mean_interval(scores * 6, clusters=list(range(20)) * 6)
    assert naive.high - naive.low < 0.5 * (once.high - once.low)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.1)
    assert clustered.method == "Wilson at effective n, clustered"


@pytest.mark.parametrize("right", [3, 48, 50, 97, 100])
def test_a_single_cluster_says_as_little_as_one_item(right):
    scores = [1] * right + [0] * (100 - right)
    found = mean_interval(scores, clusters=["one"] * 100)
    one = wilson_bounds(right / 100, 1, 1.96)
    assert (found.low, found.high) == pytest.approx(one, abs=1e-4)


def test_a_first_failure_does_not_make_a_rate_surer_than_none_did():
    clusters = [at // 10 for at in range(100)]
    widths = []
    for failed in range(4):
        found = mean_interval([1] * failed + [0] * (100 - failed), clusters)
        widths.append(found.high - found.low)
    assert widths[1] > 0.8 * widths[0], "all ten clusters had none: one of them has one now"


@pytest.mark.parametrize(("count", "size", "share"), [(20, 20, 0.97), (50, 5, 0.97), (10, 20, 0.9)])
def test_high_shares_of_clusters_that_are_alike_in_themselves_are_covered(count, size, share):
    """Documents differ in difficulty: 30 % of the variance is theirs (beta-binomial)."""
    rng, held, draws = np.random.default_rng(count), 0, 1500
    ease = rng.beta(share * 7 / 3, (1 - share) * 7 / 3, (draws, count, 1))
    right = (rng.random((draws, count, size)) < ease).reshape(draws, -1)
    for scores in right * 1.0:
        found = mean_interval(scores, np.repeat(np.arange(count), size).tolist())
        held += found.low <= share <= found.high
    assert held / draws >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / draws)


def test_seeds_that_disagree_widen_the_interval():
    rng = np.random.default_rng(2)
    shares = np.array([[0.5], [0.6], [0.7]])
    rows = (rng.random((3, 500)) < shares) * 1.0
    averaged, seeded = mean_interval(rows.mean(axis=0)), mean_interval(rows)
    assert seeded.mean == pytest.approx(averaged.mean)
    assert seeded.high - seeded.low > 3 * (averaged.high - averaged.low)
    assert 0 <= seeded.low < seeded.high <= 1
    assert seeded.method == "Wilson at effective n, 3 seeds"


@pytest.mark.parametrize("n", [30, 45, 300])
def test_nothing_in_n_leaves_a_rate_of_about_4_in_n(n):
    found = wilson(0, n)
    _, high = proportion_confint(0, n, method="wilson")
    assert found.low == 0 and found.high == pytest.approx(high, abs=1e-9)
    # no smaller than what the exact one-sided bound leaves open
    assert found.high > proportion_confint(0, n, alpha=0.1, method="beta")[1]


def test_impossible_counts_are_named():
    with pytest.raises(ValueError, match="7 successes of 5"):
        wilson(7, 5)
    assert wilson(0, 0).mean is None


def f1_high(rng, n):
    """F1 of a tuned rung: most answers are right, a few are wholly wrong."""
    return np.where(
        rng.random(n) < 0.04, 0.0, np.where(rng.random(n) < 0.7, 1.0, rng.beta(6, 1, n))
    )


def f1_middle(rng, n):
    return np.clip(rng.beta(1.5, 1.5, n) * 1.6 - 0.3, 0, 1)


def cosine(rng, n):
    return np.clip(rng.normal(0.6, 0.1, n), 0, 1)


TRUTHS = {f1_high: 0.96 * (0.7 + 0.3 * 6 / 7), f1_middle: 0.5, cosine: 0.6}


def coverage(draw, n, draws):
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(draws):
        interval = mean_interval(draw(rng, n))
        held += interval.low <= TRUTHS[draw] <= interval.high
    return held / draws


@pytest.mark.parametrize("draw", TRUTHS)
def test_graded_means_are_covered_in_93_percent_at_least(draw):
    assert coverage(draw, 40, 2000) >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 50, 100, 300, 1000])
@pytest.mark.parametrize("draw", TRUTHS)
def test_long_coverage_of_graded_means(draw, n):
    assert 0.93 - 3 * math.sqrt(0.05 * 0.95 / 5000) <= coverage(draw, n, 5000) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("count", [10, 30, 100])
def test_long_coverage_of_clustered_shares(count, share):
    from scipy import stats

    rng, held, draws = np.random.default_rng(count), 0, 3000
    codes = np.repeat(np.arange(count), [1 + 7 * i % 9 for i in range(count)])
    for _ in range(draws):
        ability = 0.5 * rng.normal(size=count)[codes] + math.sqrt(0.75) * rng.normal(
            size=len(codes)
        )
        interval = mean_interval((ability < stats.norm.ppf(share)) * 1, codes.tolist())
        held += interval.low <= share <= interval.high
    assert 0.93 - 3 * math.sqrt(0.05 * 0.95 / draws) <= held / draws <= 0.98
