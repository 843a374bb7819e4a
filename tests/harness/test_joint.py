"""Mean scores drawn together: they cover, keep pairs and clusters, and take little for certain."""

import numpy as np
import pytest

from harness.intervals import mean_interval
from harness.stats.joint import joint_means, joint_wholes
from harness.stats.wholes import Counted


def ends(draws):
    return np.quantile(draws, [0.025, 0.975])


def test_the_draws_have_the_width_of_the_interval_of_the_check():
    scores = [1.0] * 70 + [0.0] * 30
    low, high = ends(joint_means({"a": scores})[:, 0])
    known = mean_interval(scores)
    assert low == pytest.approx(known.low, abs=0.015)
    assert high == pytest.approx(known.high, abs=0.015)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
def test_intervals_of_a_mean_and_of_a_difference_cover_what_is_true(share):
    rng = np.random.default_rng(1)
    n, tries, other = 60, 300, 0.7
    covered = np.zeros(2)
    for seed in range(tries):
        # both rungs depend on how hard an item is, so they rise and fall together
        hard = rng.random(n)
        a, b = (hard < share).astype(float), (hard < other).astype(float)
        draws = joint_means({"a": a, "b": b}, draws=800, seed=seed)
        for at, (found, true) in enumerate(
            ((draws[:, 0], share), (draws[:, 0] - draws[:, 1], share - other))
        ):
            low, high = ends(found)
            covered[at] += low <= true <= high
    assert (covered / tries >= 0.92).all(), covered / tries
    assert covered[0] / tries < 0.999 or share > 0.9, "intervals so wide that they say nothing"


def test_pairs_stay_pairs_so_a_difference_is_surer_than_two_scores():
    rng = np.random.default_rng(0)
    a = (rng.random(200) < 0.6).astype(float)
    b = a.copy()
    b[:5] = 1 - b[:5]
    draws = joint_means({"a": a, "b": b})
    paired = (draws[:, 0] - draws[:, 1]).std()
    assert paired < 0.4 * np.hypot(draws[:, 0].std(), draws[:, 1].std())


def test_items_of_one_cluster_count_as_fewer_than_they_are():
    scores = [1.0] * 50 + [0.0] * 50
    alone = joint_means({"a": scores})[:, 0].std()
    clusters = [i // 10 for i in range(100)]
    assert joint_means({"a": scores}, clusters=clusters)[:, 0].std() > 2.5 * alone


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_arm_that_is_always_right_or_wrong_is_not_taken_for_certain(value):
    low, high = ends(joint_means({"a": [value] * 40})[:, 0])
    known = mean_interval([value] * 40)
    assert high - low > 0.02
    assert high - low == pytest.approx(known.high - known.low, abs=0.05)


def test_arms_that_never_differ_may_differ_on_the_next_item():
    scores = [1.0, 0.0] * 20
    draws = joint_means({"a": scores, "b": scores})
    ahead = (draws[:, 0] > draws[:, 1]).mean()
    assert 0.15 < ahead < 0.35, "the coin falls for a alone in a quarter of the draws"


def test_an_item_without_a_score_is_left_out_for_that_arm_alone():
    draws = joint_means({"a": [1.0, None, 1.0, 1.0] * 20, "b": [0.0, 0.0, 1.0, 1.0] * 20})
    assert draws[:, 0].mean() > 0.98
    assert draws[:, 1].mean() == pytest.approx(0.5, abs=0.01)
    assert np.isnan(joint_means({"a": [None] * 4})).all()


def test_trainings_that_differ_make_the_draws_wider():
    calm = [[1.0, 0.0] * 40, [1.0, 0.0] * 40]
    wild = [[1.0] * 60 + [0.0] * 20, [1.0] * 20 + [0.0] * 60]
    assert joint_means({"a": wild})[:, 0].std() > 2 * joint_means({"a": calm})[:, 0].std()


def test_the_same_seed_gives_the_same_draws_and_arms_need_the_same_items():
    a, b = joint_means({"a": [1.0, 0.0]}, seed=3), joint_means({"a": [1.0, 0.0]}, seed=3)
    assert (a == b).all() and not (a == joint_means({"a": [1.0, 0.0]}, seed=4)).all()
    with pytest.raises(ValueError, match="the same items"):
        joint_means({"a": [1.0], "b": [1.0, 0.0]})


def test_a_metric_over_all_items_is_drawn_in_pairs_too():
    a = [1.0, 0.0, 1.0, None] * 25
    b = [0.0, 0.0, 1.0, 1.0] * 25
    draws = joint_wholes(lambda some: float(np.mean(some)), {"a": [a], "b": [b]}, draws=500)
    assert draws.shape == (500, 2)
    assert draws.mean(axis=0) == pytest.approx([2 / 3, 1 / 2], abs=0.01)
    assert draws[:, 1].std() == pytest.approx(0.05, rel=0.15), "the binomial √(p(1−p)/n)"
    assert np.corrcoef(draws.T)[0, 1] > 0.3


def test_a_metric_over_all_items_that_is_undefined_for_an_arm_leaves_the_others():
    draws = joint_wholes(
        lambda some: float(np.mean(some)) if max(some) else np.nan,
        {"a": [[0.0] * 20], "b": [[1.0, 0.5] * 10]},
        draws=50,
    )
    assert np.isnan(draws[:, 0]).all() and draws[:, 1].mean() == pytest.approx(0.75, abs=0.05)


def test_a_counted_metric_over_all_items_is_drawn_as_the_same_one_computed_each_time():
    arms = {
        "a": [[1.0, 0.0, 1.0, None] * 10, [1.0, None, 1.0, 1.0] * 10],
        "b": [[0.0, 0.0, 1.0, 1.0] * 10],
    }
    clusters = [f"d{i % 7}" for i in range(40)]
    counts = {
        name: [[None if one is None else np.array([one, 1.0]) for one in values] for values in arm]
        for name, arm in arms.items()
    }
    slow = joint_wholes(lambda some: float(np.mean(some)), arms, clusters=clusters, draws=50)
    share = Counted(lambda sums: sums[:, 0] / sums[:, 1])
    assert joint_wholes(share, counts, clusters=clusters, draws=50) == pytest.approx(slow)


def test_trainings_that_differ_make_the_draws_of_a_whole_set_wider_around_their_mean():
    def draws_of(arm):
        return joint_wholes(lambda some: float(np.mean(some)), {"a": arm}, draws=2000)[:, 0]

    calm = [[1.0, 0.0] * 40, [0.0, 1.0] * 40]
    wild = [[1.0] * 60 + [0.0] * 20, [1.0] * 20 + [0.0] * 60]
    assert draws_of(wild).mean() == pytest.approx(0.5, abs=0.02)
    assert draws_of(calm).std() < 0.02 and draws_of(wild).std() > 0.15
    assert draws_of(wild).min() >= 0 and draws_of(wild).max() <= 1
    alike = draws_of(wild[:1] * 3)
    assert alike == pytest.approx(draws_of(wild[:1]), abs=1e-12), "alike, they are one"


def test_the_draws_of_trainings_by_a_mean_are_as_wide_as_by_its_item_scores():
    rng = np.random.default_rng(3)
    arm = [(rng.random(100) < right).astype(float) for right in (0.6, 0.7, 0.75)]
    whole = joint_wholes(lambda some: float(np.mean(some)), {"a": arm}, draws=3000)[:, 0]
    items = joint_means({"a": arm})[:, 0]
    assert ends(whole) == pytest.approx(ends(items), abs=0.02)
