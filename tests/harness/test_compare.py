import dataclasses
import math
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import binomtest

from harness.compare import paired


def table(gains, losses, both=0, neither=0):
    """Right/wrong scores of two arms with these counts."""
    a = [1] * gains + [0] * losses + [1] * both + [0] * neither
    b = [0] * gains + [1] * losses + [1] * both + [0] * neither
    return a, b


def graded(n, effect=0.0, noise=0.2, seed=5):
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.3, 0.6, n)
    return (base + effect + rng.uniform(-noise, noise, n)).tolist(), base.tolist()


# The words


def test_twelve_wins_to_one_loss_is_better():
    result = paired(*table(12, 1, both=20, neither=17))
    assert result.verdict == "better"
    assert result.difference == pytest.approx(11 / 50)
    assert result.low > 0
    assert result.n_needed is None


def test_exchanging_the_arms_turns_better_into_worse():
    a, b = table(12, 1, both=20, neither=17)
    assert paired(b, a).verdict == "worse"


def test_a_few_differing_items_of_many_are_equivalent():
    result = paired(*table(6, 5, both=700, neither=289))
    assert result.verdict == "equivalent"
    assert -0.03 < result.low_90 < result.high_90 < 0.03


def test_a_real_difference_inside_the_margin_is_equivalent_and_not_better():
    result = paired(*table(60, 20, both=3000, neither=920))
    assert result.p < 0.001
    assert result.low > 0
    assert result.verdict == "equivalent"


def test_with_margin_0_a_real_difference_is_better_however_small():
    assert paired(*table(60, 20, both=3000, neither=920), margin=0).verdict == "better"


def test_with_margin_0_nothing_is_ever_equivalent():
    assert paired([1, 0] * 5000, [1, 0] * 5000, margin=0).verdict == "inconclusive"


def test_one_win_more_is_inconclusive_and_says_how_many_items_would_settle_it():
    result = paired(*table(9, 5, both=40, neither=26))
    assert result.verdict == "inconclusive"
    # 4 points with 17 % discordance: Connor's formula gives about 800 items.
    assert 500 < result.n_needed < 900


def test_a_cheap_arm_can_be_non_inferior_without_being_equivalent():
    result = paired(*table(40, 12, both=500, neither=448))
    assert result.non_inferior
    assert result.high_90 > result.margin


def test_an_arm_that_may_be_worse_than_the_margin_is_not_non_inferior():
    assert not paired(*table(9, 9, both=40, neither=22)).non_inferior


def test_contrasts_multiply_p_and_can_take_a_verdict_back():
    a, b = table(12, 3, both=20, neither=15)
    alone, of_ten = paired(a, b), paired(a, b, contrasts=10)
    assert of_ten.p == alone.p
    assert of_ten.p_adjusted == pytest.approx(10 * alone.p)
    assert (alone.verdict, of_ten.verdict) == ("better", "inconclusive")
    assert (of_ten.low, of_ten.high) == (alone.low, alone.high)
    assert of_ten.n_needed > 50


def test_adjusted_p_never_passes_1():
    assert paired(*table(5, 5, both=40), contrasts=28).p_adjusted == 1.0


# Failures and bad input


def test_a_pair_with_a_failure_on_either_side_is_left_out_and_counted():
    result = paired([1, None, 0, 1, 1], [0, 1, None, None, 0])
    assert (result.n, result.n_failed, result.difference) == (2, 3, 1.0)


def test_nan_is_undefined_as_none_is():
    assert paired(np.array([0.5, np.nan, 0.2]), [0.1, 0.2, 0.3]).n_failed == 1


@pytest.mark.parametrize("scores", [[], [None, None, None]])
def test_without_a_scored_pair_everything_is_undefined_and_the_verdict_inconclusive(scores):
    result = paired(scores, [1.0] * len(scores))
    assert (result.difference, result.low, result.p, result.n_needed) == (None, None, None, None)
    assert result.verdict == "inconclusive"
    assert result.n_failed == len(scores)
    assert result.note == "no item has a score from both arms"
    assert not result.non_inferior


@pytest.mark.parametrize("scores", [([1], [0]), ([0.7], [0.2]), ([1, 1], [0, 0])])
def test_one_or_two_items_are_inconclusive_with_a_wide_interval_and_the_reason(scores):
    result = paired(*scores)
    assert result.verdict == "inconclusive"
    assert result.high - result.low > 0.7
    assert "needed, all in one direction" in result.note
    assert result.n_needed is None


@pytest.mark.parametrize("score", [1, 0, 0.4])
def test_arms_that_never_differ_are_not_certain_to_be_equal(score):
    result = paired([score] * 30, [score] * 30)
    assert (result.difference, result.p) == (0.0, 1.0)
    assert result.low < -0.1
    assert result.high > 0.1
    assert result.verdict == "inconclusive"
    assert result.n_needed > 30


def test_arms_that_never_differ_in_many_items_are_equivalent():
    result = paired([1, 0] * 100, [1, 0] * 100)
    assert (result.verdict, result.note, result.n_needed) == ("equivalent", "", None)


def test_a_constant_difference_is_better_with_an_interval_of_some_width():
    result = paired([0.5] * 30, [0.3] * 30)
    assert result.verdict == "better"
    assert 0.17 < result.low < 0.2 < result.high < 0.23


def test_one_arm_always_right_and_the_other_never_is_better():
    result = paired([1] * 40, [0] * 40)
    assert (result.difference, result.high, result.verdict) == (1.0, 1.0, "better")


def test_every_bad_input_is_named():
    with pytest.raises(ValueError, match="a has 3 items, b has 2"):
        paired([1, 0, 1], [1, 0])
    with pytest.raises(ValueError, match="2 clusters for 3 items"):
        paired([1, 0, 1], [1, 0, 0], clusters=["x", "y"])
    with pytest.raises(ValueError, match="infinite"):
        paired([1.0, math.inf], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"margin is -0\.1"):
        paired([1], [1], margin=-0.1)
    with pytest.raises(ValueError, match="contrasts 0"):
        paired([1], [1], contrasts=0)
    with pytest.raises(ValueError, match="every seed's row"):
        paired([[1, 0], [1]], [[1, 0], [1, 1]])


# Clusters and seeds


def test_clusters_of_one_item_each_change_nothing():
    a, b = table(12, 3, both=20)
    assert paired(a, b, clusters=[None] * 9 + [""] * 9 + list(range(17))) == paired(a, b)


def test_items_that_repeat_one_another_are_not_more_evidence():
    a, b = table(9, 2, both=20, neither=9)
    once = paired(a, b)
    copied = paired(a * 5, b * 5)
    clustered = paired(a * 5, b * 5, clusters=list(range(40)) * 5)
    assert copied.p < 1e-4
    assert clustered.p > 0.02
    assert clustered.units == 40
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.1)


def test_five_clusters_cannot_show_anything_and_the_note_says_so():
    result = paired([1] * 50, [0] * 50, clusters=[i // 10 for i in range(50)])
    assert result.p == pytest.approx(2 / 2**5)
    assert result.verdict == "inconclusive"
    assert result.note == "clusters on which the arms differ: 5; needed, all in one direction: 6"
    # More questions on the same five documents would not help either.
    assert result.n_needed is None


def test_a_single_cluster_is_no_evidence():
    result = paired([0.9] * 20, [0.2] * 20, clusters=["one"] * 20)
    assert (result.p, result.verdict, result.units) == (1.0, "inconclusive", 1)
    assert result.low < 0 < result.high


def test_a_single_cluster_whose_items_differ_both_ways_shows_no_equivalence():
    a, b = table(30, 29, neither=41)
    result = paired(a, b, clusters=["one"] * 100)
    assert (result.verdict, result.non_inferior, result.n_needed) == ("inconclusive", False, None)
    assert result.low < -0.5 and result.high > 0.5
    assert result.note.startswith("clusters on which the arms differ: 1; needed")


def test_trainings_that_hardly_differ_on_a_single_cluster_are_compared():
    trained = [[0.9 + 1e-7 * seed] * 20 for seed in range(5)]
    result = paired(trained, [[0.1] * 20], clusters=["one"] * 20)
    assert (result.p, result.verdict) == (1.0, "inconclusive")


def test_seeds_that_all_say_the_same_are_one_measurement():
    a, b = table(12, 3, both=20)
    assert paired([a, a, a], [b, b]) == paired(a, b)


def test_seeds_that_disagree_widen_the_interval_and_no_item_can_make_up_for_it():
    from scipy import stats

    rng = np.random.default_rng(0)
    a = (rng.random((3, 400)) < np.array([[0.5], [0.7], [0.9]])) * 1.0
    b = (rng.random(400) < 0.55) * 1.0
    many, one = paired(a, b), paired(a.mean(axis=0), b)
    assert one.verdict == "better"
    assert many.difference == pytest.approx(one.difference)
    assert many.low < 0 < many.high
    assert (many.verdict, many.n_needed) == ("inconclusive", None)
    assert many.note == "seeds differ so much that more seeds would settle it, not more items"
    # p again from mean squares: the alpha whose two half-widths just reach the difference.
    means, items = a.mean(axis=1), a.mean(axis=0)
    of_seeds = 400 * means.var(ddof=1)
    rest = ((a - items - means[:, None] + a.mean()) ** 2).sum() / (2 * 399)
    variances = np.array([(items - b).var(ddof=1) / 400, (of_seeds - rest) / (3 * 400)])
    reach = np.sqrt((variances * stats.t.isf(many.p / 2, [399, 2]) ** 2).sum())
    assert reach == pytest.approx(many.difference, abs=1e-9)


def test_an_item_that_failed_in_one_seed_is_left_out():
    result = paired([[1, 1, 0], [None, 1, 1]], [[0, 0, 0]])
    assert (result.n, result.n_failed) == (2, 1)


def test_scores_on_a_scale_of_100_give_the_same_answer_times_100():
    a, b = graded(60, effect=0.05)
    a[0], b[0] = 1.0, 0.9
    plain = paired(a, b)
    percent = paired([100 * x for x in a], [100 * x for x in b], margin=3)
    assert percent.p == plain.p
    assert percent.low == pytest.approx(100 * plain.low, abs=1e-9)
    assert (percent.verdict, percent.n_needed) == (plain.verdict, plain.n_needed)


# Cost


def test_a_thousand_graded_items_take_half_a_second_and_200_megabytes_at_most():
    a, b = graded(1000, effect=0.01)
    paired(a, b)
    tracemalloc.start()
    paired(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    started = time.process_time()
    assert "10,000 flips" in paired(a, b).test
    assert time.process_time() - started < 0.5
    assert peak < 200e6


def test_importing_the_comparison_loads_no_scipy():
    code = "import sys, harness.compare; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_result_is_frozen_and_the_same_seed_gives_the_same_p():
    a, b = graded(50, effect=0.05)
    result = paired(a, b, seed=3)
    assert result == paired(a, b, seed=3)
    assert result.p != paired(a, b, seed=4).p
    assert result.test == "sign-flip permutation, 10,000 flips, seed 3"
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.p = 0.0


def test_the_exact_p_stands_beside_the_mid_p_where_that_is_the_test():
    a, b = [1.0] * 14 + [0.0] * 26, [1.0] * 4 + [0.0] * 34 + [1.0] * 2
    found = paired(a, b)
    assert found.test == "McNemar mid-p" and found.p < found.p_exact
    assert found.p_exact == pytest.approx(binomtest(2, 12).pvalue)
    assert paired(a, [0.5] * 40).p_exact is None, "no McNemar test for graded scores"
