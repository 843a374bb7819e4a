"""Several arms' mean scores drawn together: what they could have been on other items.

For whatever is computed from several arms at once (which is best, a weighted sum), where one
interval an arm is not enough: arms that were scored on the same items rise and fall together.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.stats.scores import (
    Clusters,
    Codes,
    Floats,
    Scores,
    WholeSeeds,
    cluster_codes,
    has_scores,
    score_rows,
    seed_spread,
    whole_seed_spread,
)
from harness.stats.wholes import (
    Arm,
    Counted,
    Metric,
    answered,
    drawn,
    kept_of,
    members_of,
    take,
    value_of,
)

DRAWS = 4_000
WHOLE_DRAWS = 400
"""For metrics of a whole set of answers, which take a computation a draw and arm."""


def joint_means(
    arms: Mapping[str, Scores],
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """Draws of all arms' mean scores in 0..1, paired over items, clusters kept together.

    A Bayesian bootstrap (Rubin 1981): each draw weighs the clusters at random (a flat Dirichlet),
    the same for all arms. One more cluster is added that each arm gets right or wrong by the toss
    of a coin, so that arms with no item wrong, or arms that never differ, are not taken for
    certain; it is the reason why the draws lean towards one half, by at most 1/(2(clusters + 1)).
    What other trainings could give is added from the spread between seeds, with Student's t.

    Args:
        arms: name to scores, per item or per seed and item; None is failed or undefined, and such
            an item is left out for that arm alone.
        clusters: what each item belongs to.
        draws: rows of the result.
        seed: of the draws.

    Returns:
        (draws, arms), in the order of `arms`; nan for an arm without any score.

    Raises:
        ValueError: lengths differ or a score is infinite.
    """
    rng = np.random.default_rng(seed)
    rows = [score_rows(scores) for scores in arms.values()]
    sizes = {found.shape[1] for found in rows}
    if len(sizes) != 1:
        raise ValueError(f"arms have {sorted(sizes)} items; expected the same items for all")
    (n,) = sizes
    codes = cluster_codes(clusters, np.ones(n, dtype=np.bool_))
    units = int(codes.max()) + 1 if n else 0
    weights = rng.standard_exponential((draws, units + 1))
    return np.column_stack([_means(one, codes, weights, rng) for one in rows])


def _means(rows: Floats, codes: Codes, weights: Floats, rng: np.random.Generator) -> Floats:
    """(draws,) means of one arm."""
    kept = has_scores(rows)
    if not kept.any():
        return np.full(len(weights), np.nan)
    values = np.where(kept, rows.mean(axis=0), 0.0)
    units = weights.shape[1] - 1
    sums = np.bincount(codes, weights=values, minlength=units)
    sizes = np.bincount(codes, weights=kept.astype(np.float64), minlength=units)
    usual = sizes.sum() / np.count_nonzero(sizes)
    coin = rng.integers(2, size=len(weights))
    unknown = weights[:, -1] * usual
    means = (weights[:, :-1] @ sums + unknown * coin) / (weights[:, :-1] @ sizes + unknown)
    trained = seed_spread(rows[:, kept])
    if trained.variance > 0:
        means += np.sqrt(trained.variance) * rng.standard_t(trained.df, size=len(weights))
    return np.asarray(np.clip(means, 0.0, 1.0), dtype=np.float64)


def joint_wholes(
    metric: Metric | Counted,
    arms: Mapping[str, Arm],
    *,
    clusters: Clusters | None = None,
    draws: int = WHOLE_DRAWS,
    seed: int = 0,
) -> Floats:
    """The same for a metric over all items together: clusters drawn with replacement.

    Args:
        metric: takes a selection of a seed's items, repeats included; or is counted.
        arms: name to the items of each seed; an item that failed in any seed is left out for that
            arm alone.
        clusters: what each item belongs to.
        draws: rows of the result.
        seed: of the draws.

    Returns:
        (draws, arms) means over seeds; nan where the metric is undefined for what was drawn.

    Raises:
        ValueError: there is not one cluster for every item.
    """
    n = len(next(iter(arms.values()))[0])
    members = members_of(cluster_codes(clusters, np.ones(n, dtype=np.bool_)))
    rng = np.random.default_rng(seed)
    picked = [np.arange(n), *(drawn(members, rng) for _ in range(draws))]
    weights = np.array([np.bincount(one, minlength=n) for one in picked], dtype=np.float64)
    found = [_on_picks(metric, arm, picked, weights) for arm in arms.values()]
    return np.column_stack([_wholes(one, len(members), rng) for one in found])


def _wholes(found: Floats, units: int, rng: np.random.Generator) -> Floats:
    """(draws,) of one arm: (seeds, 1 + draws) with the values on all items in front."""
    values, draws = found[:, 0], found[:, 1:]
    means: Floats = draws.mean(axis=0)
    trained = whole_seed_spread(WholeSeeds(values, draws), units=units)
    if trained.variance > 0:
        means = means + np.sqrt(trained.variance) * rng.standard_t(trained.df, size=len(means))
        return np.asarray(np.clip(means, 0.0, 1.0), dtype=np.float64)
    return means


def _on_picks(
    metric: Metric | Counted, arm: Arm, picked: Sequence[Codes], weights: Floats
) -> Floats:
    """(seeds, picks) values of the metric, nan where it is undefined."""
    kept = answered(arm)
    if not kept.any():
        return np.full((len(arm), len(picked)), np.nan)
    if isinstance(metric, Counted):
        counted = kept_of(metric, arm, kept)
        return np.array([metric.value(weights[:, kept] @ counts) for counts in counted])
    with_answer = [one[kept[one]] for one in picked]
    return np.array([
        [value_of(metric, take(items, one)) if len(one) else np.nan for one in with_answer]
        for items in arm
    ])  # fmt: skip
