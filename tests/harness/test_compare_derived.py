"""The same numbers by another way, to 1e-9: from the likelihood, by scipy, by statsmodels."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from harness.compare import corpus_interval, paired, paired_corpus
from harness.intervals import mean_interval
from harness.metrics.macro_f1_score import METRIC
from harness.stats.corpus import RESAMPLES
from harness.stats.wholes import Counted
from harness.types import Answer, Example, TaskSpec
from tests.harness.test_compare_agreement import table

# Tango's interval


def likeliest_discordance(delta, gains, losses, n):
    """Share of items that differ where gains are more by delta: the likelihood's slope is 0."""
    fewer, more = (losses, gains) if delta >= 0 else (gains, losses)
    room, rest = (1 - abs(delta)) / 2, n - gains - losses

    def slope(share):
        """By the share of the rarer kind; the other one is larger by delta."""
        of_fewer = fewer / share if fewer else 0.0
        of_more = more / (share + abs(delta)) if more else 0.0
        return of_fewer + of_more - (rest / (room - share) if rest else 0.0)

    least, most = room * 1e-15, room * (1 - 1e-15)
    if slope(least) <= 0:
        share = 0.0
    elif slope(most) >= 0:
        share = room
    else:
        share = optimize.brentq(slope, least, most, xtol=1e-17, rtol=1e-15)
    return 2 * share + abs(delta)


def score_end(gains, losses, n, z):
    """The lower end: where the score test of a difference delta stands at z."""
    seen = (gains - losses) / n

    def beyond(delta):
        variance = (likeliest_discordance(delta, gains, losses, n) - delta**2) / n
        return seen - delta - z * math.sqrt(max(variance, 0.0))

    if seen == -1:
        return -1.0
    # at the difference that was seen the score is 0 anyway, where nothing differs also its variance
    return optimize.brentq(beyond, -1 + 1e-13, seen - 1e-13, xtol=1e-14)


def random_tables(count):
    """(gains, losses, n): of all sizes, with cells that are empty and tables that are full."""
    rng = np.random.default_rng(3)
    found = [(0, 0, 5), (5, 0, 5), (0, 7, 9), (1, 0, 1), (1, 1, 2), (40, 20, 160)]
    while len(found) < count:
        n = int(rng.integers(2, 400))
        gains = int(rng.integers(0, n + 1) * rng.uniform())
        found.append((gains, int(rng.integers(0, n - gains + 1) * rng.uniform()), n))
    return found


def test_tangos_interval_is_where_the_likelihoods_score_test_turns():
    for gains, losses, n in random_tables(200):
        result = paired(*table(gains, losses, both=n - gains - losses))
        for (low, high), z in (
            ((result.low, result.high), stats.norm.ppf(0.975)),
            ((result.low_90, result.high_90), stats.norm.ppf(0.95)),
        ):
            expected = score_end(gains, losses, n, z), -score_end(losses, gains, n, z)
            assert (low, high) == pytest.approx(expected, abs=1e-9), (gains, losses, n)


# The bootstrap of macro-F1, against scipy's on the same draws

SPEC = TaskSpec("t", "label", "Sort.", labels=tuple("abcd"), metric="macro_f1_score")
COUNTED = Counted(METRIC.counts.value)
N = 60


def guessed(seed):
    """Right labels and an arm's, which is right on two thirds."""
    rng, right = np.random.default_rng(seed), np.random.default_rng(0).choice(list("abcd"), N)
    return right, np.where(rng.random(N) < 2 / 3, right, rng.choice(list("abcd"), N))


def counts_of(right, said):
    """What the metric itself counts, of each answer."""
    told = zip(right.tolist(), said.tolist(), strict=True)
    pairs = [(Example(str(i), "?", (truth,)), Answer(str(i), one))
             for i, (truth, one) in enumerate(told)]  # fmt: skip
    return METRIC.counts.of(pairs, SPEC)


def macro_f1(right, said):
    """F1 of each label that is there, by its definition, and their mean."""
    found = []
    for label in np.unique(right):
        hit = np.sum((right == label) & (said == label))
        precision, recall = hit / max(1, np.sum(said == label)), hit / np.sum(right == label)
        found.append(2 * precision * recall / (precision + recall) if hit else 0.0)
    return float(np.mean(found))


def scipys(statistic, units, alpha=0.05, value=None):
    """Both ends by scipy, at the wider percentiles that Hesterberg (2015) takes for few items.

    With a value, moved so that the draws' mean is that value.
    """
    reach = stats.t.ppf(alpha / 2, units - 1) * math.sqrt(units / (units - 1))
    found = stats.bootstrap(
        (np.arange(units),), statistic, n_resamples=RESAMPLES, vectorized=False,
        confidence_level=1 - 2 * stats.norm.cdf(reach), method="percentile",
        rng=np.random.default_rng(0),
    )  # fmt: skip
    off = 0.0 if value is None else value - found.bootstrap_distribution.mean()
    return pytest.approx(tuple(np.array(found.confidence_interval) + off), abs=1e-9)


def test_the_value_by_its_definition_is_scikit_learns():
    from sklearn.metrics import f1_score

    right, said = guessed(1)
    assert macro_f1(right, said) == pytest.approx(f1_score(right, said, average="macro"), abs=1e-12)


def test_the_interval_of_macro_f1_is_scipys_bootstrap():
    right, said = guessed(1)
    found = corpus_interval(COUNTED, [counts_of(right, said)])
    of_items = scipys(lambda at: macro_f1(right[at], said[at]), N, value=found.mean)
    assert (found.low, found.high) == of_items


def test_the_interval_of_macro_f1_by_cluster_is_scipys_bootstrap_of_clusters():
    right, said = guessed(1)
    sizes = [1, 2, 3, 4, 5] * 4
    clusters = np.repeat(np.arange(20), sizes)
    members = [np.flatnonzero(clusters == one) for one in range(20)]

    def of_clusters(chosen):
        at = np.concatenate([members[one] for one in chosen])
        return macro_f1(right[at], said[at])

    found = corpus_interval(COUNTED, [counts_of(right, said)], clusters=clusters.tolist())
    assert (found.low, found.high) == scipys(of_clusters, 20, value=found.mean)


def test_the_intervals_of_a_difference_in_macro_f1_are_scipys_paired_bootstrap():
    (right, a), (_, b) = guessed(1), guessed(2)

    def difference(at):
        return macro_f1(right[at], a[at]) - macro_f1(right[at], b[at])

    found = paired_corpus(COUNTED, [counts_of(right, a)], [counts_of(right, b)])
    assert found.difference == pytest.approx(difference(np.arange(N)), abs=1e-12)
    assert (found.low, found.high) == scipys(difference, N)
    assert (found.low_90, found.high_90) == scipys(difference, N, alpha=0.1)


def test_the_p_of_a_difference_in_macro_f1_is_scipys_of_all_swaps_but_for_chance():
    (right, a), (_, b) = guessed(1), guessed(2)
    few = np.flatnonzero(a != b)[:9]
    right, a, b = right[few], a[few], b[few]
    exact = stats.permutation_test(
        (a, b), lambda x, y: macro_f1(right, x) - macro_f1(right, y),
        permutation_type="samples", vectorized=False, n_resamples=np.inf,
    )  # fmt: skip
    found = paired_corpus(COUNTED, [counts_of(right, a)], [counts_of(right, b)])
    assert 0.01 < exact.pvalue < 1
    error = math.sqrt(exact.pvalue * (1 - exact.pvalue) / RESAMPLES)
    assert found.p == pytest.approx(exact.pvalue, abs=4 * error)


# Clusters


def clustered(sizes):
    """Scores out of 0..1 whose clusters differ, and the cluster of each."""
    rng, clusters = np.random.default_rng(9), np.repeat(np.arange(len(sizes)), sizes)
    return 5 + rng.normal(0, 2, len(sizes))[clusters] + rng.normal(0, 1, len(clusters)), clusters


@pytest.mark.parametrize(("units", "size"), [(8, 1), (8, 6), (40, 3)])
def test_the_interval_of_equal_clusters_is_statsmodels_cluster_robust_one(units, size):
    values, clusters = clustered([size] * units)
    plain = sm.OLS(values, np.ones(len(values)))
    robust = plain.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    ((low, high),) = robust.conf_int()
    found = mean_interval(values.tolist(), clusters.tolist())
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_of_unequal_clusters_is_the_jackknifes_done_by_hand():
    values, clusters = clustered([1, 2, 3, 5, 8, 13])
    without = np.array([values[clusters != one].mean() for one in range(6)])
    variance = 5 / 6 * np.sum((without - values.mean()) ** 2)
    half = stats.t.ppf(0.975, 5) * math.sqrt(variance)
    found = mean_interval(values.tolist(), clusters.tolist())
    expected = values.mean() - half, values.mean() + half
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
