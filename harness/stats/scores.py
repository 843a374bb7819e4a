"""Scores as arrays, and how much items, clusters and seeds each add to a mean's variance."""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]

Scores = Sequence[float | None] | Sequence[Sequence[float | None]] | NDArray[Any]
"""One score an item, or one row of such scores a seed. None (or nan) is failed or undefined."""

Clusters = Sequence[Hashable | None]
"""What each item belongs to (document, paraphrase family); None and "" stand alone."""

_ROUNDING = 1e-12
"""By how much seeds' values differ that are the same."""


class Pairs(NamedTuple):
    """Two arms on the items that both of them have scored."""

    a: Floats
    """(seeds, items)."""
    b: Floats
    codes: Codes
    """(items,) number of each item's cluster."""
    n_failed: int
    """Items left out because an arm has no score there in one of its seeds."""


class Spread(NamedTuple):
    """How far a mean may be off because other items could have been drawn."""

    variance: float
    """Squared standard error of the mean."""
    units: int
    """Independent units behind it: clusters, or items where every cluster is one item."""


class SeedSpread(NamedTuple):
    """How far a mean may be off because other seeds could have been drawn."""

    variance: float
    """Squared standard error of the mean from seeds alone; 0 for a single seed."""
    df: float
    """Its degrees of freedom."""


class WholeSeeds(NamedTuple):
    """An arm on a metric of a whole set of answers."""

    values: Floats
    """(seeds,) on all items."""
    draws: Floats
    """(seeds, draws) on the same drawn items for every seed; nan where undefined."""


class _ArmSpread(NamedTuple):
    """What the seeds of one arm add, before it is put together with another."""

    between: float
    """Variance of the mean over seeds, from how far they lie apart."""
    within: float
    """The part of it that answers to single items explain already."""
    seeds: int


def score_rows(scores: Scores) -> Floats:
    """Returns scores as (seeds, items) with nan where there is none.

    Rows that are all alike (greedy decoding repeated) become one: they are one measurement.

    Raises:
        ValueError: a score is infinite, or rows differ in length.
    """
    try:
        rows = np.array(scores, dtype=np.float64)
    except ValueError as error:
        raise ValueError("every seed's row needs one score (or None) for every item") from error
    if rows.ndim == 1:
        rows = rows[None, :]
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"scores have shape {rows.shape}; expected (items,) or (seeds, items)")
    if np.isinf(rows).any():
        raise ValueError("a score is infinite; an undefined score is None")
    alike = np.array_equal(rows, np.broadcast_to(rows[0], rows.shape), equal_nan=True)
    return rows[:1] if alike else rows


def has_scores(rows: Floats) -> Mask:
    """Which items have a score in every seed."""
    return np.asarray(~np.isnan(rows).any(axis=0))


def cluster_codes(clusters: Clusters | None, kept: Mask) -> Codes:
    """Numbers the clusters of the kept items 0, 1, … in order of appearance.

    Raises:
        ValueError: there is not one cluster for every item.
    """
    if clusters is None:
        return np.arange(int(kept.sum()), dtype=np.intp)
    if len(clusters) != len(kept):
        raise ValueError(f"{len(clusters)} clusters for {len(kept)} items; expected one each")
    numbers: dict[Hashable, int] = {}
    codes = []
    for position in np.flatnonzero(kept).tolist():
        label = clusters[position]
        key = ("alone", position) if label in {None, ""} else ("shared", label)
        codes.append(numbers.setdefault(key, len(numbers)))
    return np.array(codes, dtype=np.intp)


def align(a: Scores, b: Scores, clusters: Clusters | None) -> Pairs:
    """Lines two arms up on the items that both have scored in all of their seeds.

    Raises:
        ValueError: the arms or the clusters differ in length.
    """
    rows_a, rows_b = score_rows(a), score_rows(b)
    if rows_a.shape[1] != rows_b.shape[1]:
        raise ValueError(
            f"a has {rows_a.shape[1]} items, b has {rows_b.shape[1]}; expected the same items"
        )
    kept = has_scores(rows_a) & has_scores(rows_b)
    return Pairs(
        a=rows_a[:, kept],
        b=rows_b[:, kept],
        codes=cluster_codes(clusters, kept),
        n_failed=int((~kept).sum()),
    )


def all_binary(*arms: Floats) -> bool:
    """Whether every arm is one row of zeros and ones."""
    return all(len(rows) == 1 and bool(np.isin(rows, (0.0, 1.0)).all()) for rows in arms)


def item_spread(values: Floats, codes: Codes) -> Spread:
    """Leave-one-cluster-out jackknife variance of a mean; s²/n where clusters are single items.

    Against the sandwich form with C/(C−1) it is the same for equal clusters and covers up to a
    point better where documents differ in length (simulated, 10 to 100 clusters).
    """
    n = len(values)
    sizes = np.bincount(codes)
    units = len(sizes)
    if units < 2:
        return Spread(0.0, units)
    sums = np.bincount(codes, weights=values - values.mean())
    return Spread(float((units - 1) / units * np.sum((sums / (n - sizes)) ** 2)), units)


def seed_spread(*arms: Floats) -> SeedSpread:
    """Variance that seeds add to the mean of an arm, or to the difference of two.

    Two-way layout: the variance between seed means, less what answers that change from seed to
    seed on single items already explain (that part is in `item_spread` of the seed-averaged
    scores). Arms count as independent: seed 1 of one rung has nothing to do with seed 1 of
    another. Degrees of freedom after Satterthwaite, on the mean squares before the subtraction.

    Args:
        arms: (seeds, items) each; an arm of one seed adds nothing, as it cannot be known.
    """
    parts = []
    for rows in arms:
        seeds, n = rows.shape
        if seeds < 2 or n < 2:
            continue
        means = rows.mean(axis=1)
        residual = rows - rows.mean(axis=0) - means[:, None] + rows.mean()
        within = float(np.sum(residual**2)) / ((seeds - 1) * (n - 1)) / (n * seeds)
        parts.append(_ArmSpread(float(means.var(ddof=1)) / seeds, within, seeds))
    return _together(parts)


def whole_seed_spread(*arms: WholeSeeds, units: int) -> SeedSpread:
    """The same for a metric of a whole set of answers, whose draws say what items explain.

    A seed's value less the mean over seeds, on the same drawn items, moves from draw to draw as
    the answers that change from seed to seed on single items make it move.

    Args:
        arms: an arm of one seed, or of seeds with one value or one that is undefined, adds
            nothing.
        units: clusters that were drawn, or items.
    """
    parts = []
    for values, draws in arms:
        seeds = len(values)
        if seeds < 2 or not np.ptp(values) > _ROUNDING:  # not: a value can be nan
            continue
        defined = draws[:, ~np.isnan(draws).any(axis=0)]
        moved = (defined - defined.mean(axis=0)).var(axis=1).sum() if defined.size else 0.0
        # a bootstrap's spread is too small by (units − 1)/units
        within = float(moved) * units / max(1, units - 1) / ((seeds - 1) * seeds)
        parts.append(_ArmSpread(float(values.var(ddof=1)) / seeds, within, seeds))
    return _together(parts)


def _together(arms: Sequence[_ArmSpread]) -> SeedSpread:
    raw = sum(arm.between for arm in arms)
    raw_squared = sum(arm.between**2 / (arm.seeds - 1) for arm in arms)
    return SeedSpread(
        sum(max(0.0, arm.between - arm.within) for arm in arms),
        raw**2 / raw_squared if raw_squared > 0 else np.inf,
    )
