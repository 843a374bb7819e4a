"""Metrics of a whole set of answers (macro-F1, BLEU): resampled, never averaged over items."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.intervals import Bounds, Interval
from harness.stats.power import ALPHA
from harness.stats.quantiles import critical, normal_probability
from harness.stats.scores import Clusters, Floats, cluster_codes
from harness.stats.verdicts import Comparison, judged, nothing_to_compare

RESAMPLES = 2_000
"""Draws for an interval, and as many for p: a comparison computes the metric 8,000 times."""
_UNDEFINED = "the metric is undefined for these items"
_NO_INTERVAL = "no interval: too few items, or the metric does not vary or is mostly undefined"
_MOST_UNDEFINED = 0.05
"""Share of draws without a value, above which the rest no longer stands for all."""

Items = Sequence[Any] | NDArray[Any]
"""One entry an item, with all that the metric needs of it; None is failed. An array is taken by
rows: with per-item counts as rows (true positives, n-gram matches) a metric is fast."""

Metric = Callable[[Any], float | None]
"""A value for a selection of items; None or nan where it is undefined for that selection."""


class Counted(NamedTuple):
    """A metric that follows from what its items' counts add up to.

    Such a metric is computed for all draws at once: with it, comparing 8 rungs on 1,000 items
    takes seconds, where computing it 8,000 times a pair takes half an hour.
    """

    value: Callable[[Floats], Floats]
    """Sums (draws, counts) to values (draws,), nan where undefined. `items` are then the counts:
    an array (items, counts), or a list of its rows with None for a failed item."""


def corpus_interval(
    metric: Metric | Counted, items: Items, *, clusters: Clusters | None = None, seed: int = 0
) -> Interval:
    """The metric over all items with its 95 % bootstrap interval.

    Args:
        metric: takes a selection of `items` (of the same type), repeats included; or is counted.
        items: one entry an item.
        clusters: what each item belongs to; clusters are then drawn whole.
        seed: of the draws.

    Raises:
        ValueError: there is not one cluster for every item.
    """
    kept = _scored(items)
    members = members_of(cluster_codes(clusters, kept))
    items, n, n_failed = _kept(metric, items, kept), int(kept.sum()), int((~kept).sum())
    value = _value(metric, items) if n else math.nan
    if math.isnan(value):
        return Interval(None, None, None, n, n_failed, _UNDEFINED)
    rng = np.random.default_rng(seed)
    (draws,) = _drawn_values(metric, [items], members, rng)
    bounds = _percentiles(draws, len(members), ALPHA)
    if bounds is None:
        return Interval(value, None, None, n, n_failed, _NO_INTERVAL)
    clustered = ", clustered" if len(members) < n else ""
    method = f"percentile bootstrap{clustered}, {RESAMPLES:,} draws, seed {seed}"
    return Interval(value, *bounds, n, n_failed, method)


def paired_corpus(
    metric: Metric | Counted,
    items_a: Items,
    items_b: Items,
    *,
    margin: float = 0.03,
    clusters: Clusters | None = None,
    seed: int = 0,
) -> Comparison:
    """Compares two arms on a corpus metric; judge a family with `harness.compare.holm`.

    The interval is a paired percentile bootstrap over items. p swaps the arms' answers item by
    item (approximate randomisation): its level stays at 5 % where a bootstrap p reaches 8 %.

    Args:
        metric: takes a selection of `items_a` or `items_b`, repeats included; or is counted.
        items_a: one entry an item, with all that the metric needs of it.
        items_b: the same items in the same order.
        margin: greatest difference that does not matter, in the unit of the metric.
        clusters: what each item belongs to; clusters are drawn and swapped whole.
        seed: of the draws.

    Raises:
        ValueError: lengths differ or margin < 0.
    """
    if len(items_a) != len(items_b) or not margin >= 0:
        sizes = f"{len(items_a)} and {len(items_b)} items"
        raise ValueError(f"{sizes}, margin {margin}; expected the same items and margin >= 0")
    kept = _scored(items_a) & _scored(items_b)
    codes, n_failed = cluster_codes(clusters, kept), int((~kept).sum())
    if not len(codes):
        return nothing_to_compare(n_failed, margin)
    a, b = (_kept(metric, items, kept) for items in (items_a, items_b))
    difference = _value(metric, a) - _value(metric, b)
    if math.isnan(difference):
        return nothing_to_compare(n_failed, margin, note=_UNDEFINED)
    rng, members = np.random.default_rng(seed), members_of(codes)
    of_a, of_b = _drawn_values(metric, [a, b], members, rng)
    draws = of_a - of_b
    bounds, bounds_90 = (_percentiles(draws, len(members), alpha) for alpha in (ALPHA, 2 * ALPHA))
    p = _swap_p(metric, (a, b), codes, rng)
    comparison = Comparison(
        difference=difference,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        low_90=bounds_90.low if bounds_90 else None,
        high_90=bounds_90.high if bounds_90 else None,
        p=p,
        n=len(codes),
        n_failed=n_failed,
        units=len(members),
        test=f"swap permutation, {RESAMPLES:,} swaps, seed {seed}",
        note="" if bounds else _NO_INTERVAL,
        margin=margin,
        item_variance=len(codes) * float(np.nanvar(draws)) if bounds else 0.0,
        seed_half_width=0.0,
    )
    return judged(comparison, p, contrasts=1)


def _scored(items: Items) -> NDArray[np.bool_]:
    return np.array([item is not None for item in items], dtype=np.bool_)


def members_of(codes: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Positions of each cluster's items."""
    ends = np.cumsum(np.bincount(codes))[:-1]
    return np.split(np.argsort(codes, kind="stable"), ends)


def _take(items: Items, positions: NDArray[np.intp]) -> Items:
    if isinstance(items, np.ndarray):
        return np.asarray(items[positions])
    return [items[position] for position in positions]


def drawn(members: list[NDArray[np.intp]], rng: np.random.Generator) -> NDArray[np.intp]:
    """Positions of as many clusters as there are, drawn with replacement."""
    chosen = rng.integers(len(members), size=len(members))
    return np.concatenate([members[cluster] for cluster in chosen])


def _kept(metric: Metric | Counted, items: Items, kept: NDArray[np.bool_]) -> Items:
    """The items that have an answer; counts as an array."""
    taken = _take(items, np.flatnonzero(kept))
    return np.asarray(taken, dtype=np.float64) if isinstance(metric, Counted) else taken


def _drawn_values(
    metric: Metric | Counted,
    arms: Sequence[Items],
    members: list[NDArray[np.intp]],
    rng: np.random.Generator,
) -> list[Floats]:
    """The metric of each arm on the same draws of clusters, (RESAMPLES,) each."""
    if isinstance(metric, Counted):
        units = len(members)
        chosen = [rng.integers(units, size=units) for _ in range(RESAMPLES)]
        weights = np.array([np.bincount(one, minlength=units) for one in chosen], dtype=np.float64)
        return [metric.value(weights @ _unit_counts(counts, members)) for counts in arms]
    found = np.empty((len(arms), RESAMPLES))
    for draw in range(RESAMPLES):
        positions = drawn(members, rng)
        found[:, draw] = [_value(metric, _take(items, positions)) for items in arms]
    return list(found)


def _unit_counts(counts: Items, members: list[NDArray[np.intp]]) -> Floats:
    """(clusters, counts) sums of each cluster's items."""
    order = np.concatenate(members)
    starts = np.cumsum([0, *(len(one) for one in members[:-1])])
    return np.asarray(np.add.reduceat(np.asarray(counts)[order], starts, axis=0))


def _value(metric: Metric | Counted, items: Items) -> float:
    """The metric, with nan for undefined."""
    if isinstance(metric, Counted):
        return float(metric.value(np.asarray(items).sum(axis=0, keepdims=True))[0])
    value = metric(items)
    return math.nan if value is None else float(value)


def _percentiles(draws: Floats, units: int, alpha: float) -> Bounds | None:
    """Percentile interval, expanded for small samples; None where there is none to give.

    The bootstrap's spread is too small by √((n−1)/n) and its tails are the normal's; taking the
    percentiles of the t quantile, times √(n/(n−1)), makes up for both (Hesterberg 2015).
    """
    defined = draws[~np.isnan(draws)]
    too_few = len(defined) < (1 - _MOST_UNDEFINED) * len(draws)
    if units < 2 or too_few or defined.min() == defined.max():
        return None
    tail = normal_probability(-critical(alpha, units - 1) * math.sqrt(units / (units - 1)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Bounds(float(low), float(high))


def _swap_p(
    metric: Metric | Counted,
    arms: tuple[Items, Items],
    codes: NDArray[np.intp],
    rng: np.random.Generator,
) -> float:
    """Two-sided p when the arms' answers are swapped at random, cluster by cluster."""
    a, b = arms
    observed = abs(_value(metric, a) - _value(metric, b))
    differences = np.abs(_swapped_differences(metric, a, b, codes, rng))
    extreme = int(np.count_nonzero(differences >= observed - 1e-12))
    return (1 + extreme) / (1 + int(np.count_nonzero(~np.isnan(differences))))


def _swapped_differences(
    metric: Metric | Counted,
    a: Items,
    b: Items,
    codes: NDArray[np.intp],
    rng: np.random.Generator,
) -> Floats:
    """(RESAMPLES,) differences of the arms with their answers swapped; nan where undefined."""
    units = int(codes.max()) + 1
    if isinstance(metric, Counted):
        swapped = np.array([rng.integers(2, size=units) for _ in range(RESAMPLES)], np.float64)
        of_a, of_b = (_unit_counts(counts, members_of(codes)) for counts in (a, b))
        moved = swapped @ (of_b - of_a)
        return metric.value(of_a.sum(axis=0) + moved) - metric.value(of_b.sum(axis=0) - moved)
    # Both arms in one list: a selection of positions then swaps by reaching into the other half.
    both = np.concatenate([a, b]) if isinstance(a, np.ndarray) else [*a, *b]
    n, here = len(codes), np.arange(len(codes))
    found = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        swap = rng.integers(2, size=units)[codes] * n
        first, second = _take(both, here + swap), _take(both, here + n - swap)
        found[draw] = _value(metric, first) - _value(metric, second)
    return found
