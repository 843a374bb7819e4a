"""Against scipy, statsmodels, published numbers, and the plans made from them."""

import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.compare import discordant_needed, holm, minimum_detectable_difference, paired
from harness.stats.power import items_for_difference, items_to_settle
from harness.stats.pvalues import mcnemar_exact_p, mcnemar_mid_p


def table(gains, losses, both=0, neither=0):
    """Right/wrong scores of two arms with these counts."""
    a = [1] * gains + [0] * losses + [1] * both + [0] * neither
    b = [0] * gains + [1] * losses + [1] * both + [0] * neither
    return a, b


def graded(n, effect=0.0, noise=0.2, seed=5):
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.3, 0.6, n)
    return (base + effect + rng.uniform(-noise, noise, n)).tolist(), base.tolist()


@pytest.mark.parametrize(("gains", "losses"), [(1, 7), (12, 3), (30, 41), (0, 6), (300, 250)])
def test_mid_p_is_statsmodels_exact_p_less_the_probability_of_the_table(gains, losses):
    from scipy import stats

    exact = mcnemar([[5, gains], [losses, 9]], exact=True).pvalue
    seen = stats.binom.pmf(gains, gains + losses, 0.5)
    assert paired(*table(gains, losses, 5, 9)).p == pytest.approx(exact - seen, abs=1e-9)


def test_the_exact_p_is_statsmodels_and_scipys_on_every_small_table():
    from scipy import stats

    for gains in range(25):
        for losses in range(25):
            found = mcnemar_exact_p(gains, losses)
            theirs = mcnemar([[5, gains], [losses, 9]], exact=True).pvalue
            assert found.p == pytest.approx(theirs, abs=1e-9)
            if gains + losses:
                binomial = stats.binomtest(gains, gains + losses).pvalue
                assert found.p == pytest.approx(binomial, abs=1e-9)
            assert mcnemar_mid_p(gains, losses).p <= found.p <= 1


def test_as_many_wins_as_losses_give_p_1():
    assert paired(*table(6, 6, both=10)).p == pytest.approx(1.0)
    assert mcnemar_exact_p(6, 6).p == mcnemar_exact_p(0, 0).p == 1.0


def test_the_right_wrong_interval_is_tangos_as_published():
    # Fagerland, Lydersen and Laake (2014), airway hyper-responsiveness, 1 against 7 of 21.
    result = paired(*table(1, 7, both=1, neither=12))
    assert (round(result.low, 3), round(result.high, 3)) == (-0.517, -0.026)


def test_a_sign_flip_p_of_a_few_items_is_scipys_permutation_p():
    from scipy import stats

    a, b = graded(11, effect=0.08)
    drawn = stats.permutation_test(
        (np.array(a), np.array(b)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert paired(a, b).p == pytest.approx(drawn.pvalue, abs=1e-9)


def test_a_sign_flip_p_of_many_items_agrees_with_the_paired_t_test():
    from scipy import stats

    a, b = graded(400, effect=0.012)
    result = paired(a, b)
    assert result.p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.01)


def test_the_graded_interval_of_many_items_agrees_with_the_paired_t_interval():
    from scipy import stats

    a, b = graded(2000, effect=0.02)
    expected = stats.ttest_rel(a, b).confidence_interval()
    result = paired(a, b)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high), abs=2e-4)


def test_the_interval_of_a_few_equal_clusters_is_as_wide_as_the_t_interval_of_their_means():
    from scipy import stats

    rng = np.random.default_rng(6)
    b = rng.uniform(0.3, 0.5, 400)
    a = b + 0.1 + np.repeat(rng.normal(0, 0.05, 8), 50) + rng.normal(0, 0.01, 400)
    means = (a - b).reshape(8, 50).mean(axis=1)
    expected = stats.ttest_1samp(means, 0).confidence_interval()
    result = paired(a, b, clusters=np.repeat(np.arange(8), 50).tolist())
    # As wide, though it leans away from 0; the normal quantile would make it a sixth narrower.
    width = expected.high - expected.low
    assert result.high - result.low == pytest.approx(width, rel=0.03)


def test_the_most_extreme_outcome_of_10_000_flips_has_p_1_in_10_001():
    a, b = graded(60, effect=0.5)
    assert paired(a, b).p == pytest.approx(1 / 10_001, rel=1e-12)


def test_flipping_clusters_equals_flipping_their_sums():
    a, b = graded(40, effect=0.05)
    clusters = [f"document {i % 8}" for i in range(40)]
    sums_a = [sum(a[i::8]) for i in range(8)]
    sums_b = [sum(b[i::8]) for i in range(8)]
    assert paired(a, b, clusters=clusters).p == pytest.approx(paired(sums_a, sums_b).p, abs=1e-12)


def test_holm_agrees_with_statsmodels():
    family = [paired(*table(gains, 4, both=30)) for gains in (14, 6, 9, 16, 5)]
    expected = multipletests([one.p for one in family], method="holm")[1]
    assert [one.p_adjusted for one in holm(family)] == pytest.approx(expected.tolist(), abs=1e-12)


def test_holm_judges_anew_and_keeps_order_and_intervals():
    family = [paired(*table(13, 4, both=30)), paired(*table(40, 4, both=30)), paired([None], [1])]
    judged = holm(family)
    assert [one.verdict for one in family] == ["better", "better", "inconclusive"]
    # p = .031 alone; of three planned contrasts, one of them failed, it is .061.
    assert [one.verdict for one in judged] == ["inconclusive", "better", "inconclusive"]
    assert judged[0].n_needed > judged[0].n
    assert judged[2].p_adjusted is None
    assert [one.low for one in judged] == [one.low for one in family]
    assert holm([]) == []


# Planning


def test_the_smallest_difference_to_be_seen_matches_the_published_table():
    cases = {(100, 0.1): 8.8, (100, 0.3): 15.2, (300, 0.2): 7.2, (500, 0.4): 7.9, (1000, 0.3): 4.8}
    for (n, discordance), points in cases.items():
        seen = minimum_detectable_difference(n, discordance)
        assert 100 * seen == pytest.approx(points, abs=0.06)


def test_a_difference_to_be_seen_may_exceed_the_discordance_that_was_assumed():
    # 30 items of which 3 differ: even all three one way show nothing.
    assert minimum_detectable_difference(30, 0.1) == pytest.approx(0.2417, abs=1e-3)


def test_four_items_can_show_nothing():
    assert minimum_detectable_difference(4) is None
    with pytest.raises(ValueError, match="discordance"):
        minimum_detectable_difference(100, 0.0)


@pytest.mark.parametrize(("contrasts", "items"), [(1, 5), (10, 8), (28, 10)])
def test_fewest_one_way_items_is_where_the_verdict_turns(contrasts, items):
    assert discordant_needed(contrasts=contrasts) == items
    enough = paired(*table(items, 0, both=30), contrasts=contrasts)
    too_few = paired(*table(items - 1, 0, both=30), contrasts=contrasts)
    assert (enough.verdict, enough.note) == ("better", "")
    assert too_few.verdict == "inconclusive"
    assert too_few.note.endswith(f"all in one direction: {items}")


def test_settling_takes_the_shorter_way():
    def plan(difference, margin):
        return items_to_settle(difference, 0.3, margin, contrasts=1, seed_half_width=0)

    assert plan(0.10, 0.03) == math.ceil(items_for_difference(0.10, 0.3))
    # Half a point is quicker shown to be inside 3 points than to differ from 0.
    assert plan(0.005, 0.03) < items_for_difference(0.005, 0.3) / 20
    assert plan(0.0, 0.0) is None


def test_more_contrasts_and_seeds_that_differ_take_more_items():
    def plan(contrasts=1, seed_half_width=0.0):
        return items_to_settle(0.1, 0.3, 0.03, contrasts=contrasts, seed_half_width=seed_half_width)

    assert plan(contrasts=10) == math.ceil(items_for_difference(0.1, 0.3, alpha=0.005))
    # 80 % power is a distance of 2.8 standard errors, items and seeds together.
    variance_of_seeds = (0.04 / 1.96) ** 2
    items = 0.3 / ((0.1 / 2.8) ** 2 - variance_of_seeds)
    assert plan(seed_half_width=0.04) == pytest.approx(items, rel=0.03)
    assert plan(seed_half_width=0.08) is None
