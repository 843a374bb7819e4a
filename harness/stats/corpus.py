"""Metrics of a whole set of answers (macro-F1, BLEU): resampled, never averaged over items."""

import math
from typing import NamedTuple

import numpy as np

from harness.intervals import Bounds, Interval, wilson_bounds, with_seeds
from harness.stats.power import ALPHA
from harness.stats.quantiles import critical, normal_probability, t_p_value
from harness.stats.scores import (
    Clusters,
    Codes,
    Floats,
    SeedSpread,
    Spread,
    WholeSeeds,
    cluster_codes,
    whole_seed_spread,
)
from harness.stats.verdicts import Comparison, judged, nothing_to_compare
from harness.stats.wholes import (
    Arm,
    Counted,
    Metric,
    answered,
    drawn_values,
    kept_of,
    members_of,
    seed_values,
    swapped_differences,
)

RESAMPLES = 2_000
"""Draws for an interval, and as many for p: a comparison computes the metric 8,000 times a seed."""
_UNDEFINED = "the metric is undefined for these items"
_NO_INTERVAL = "no interval: too few items, or the metric does not vary or is mostly undefined"
_MOST_UNDEFINED = 0.05
"""Share of draws without a value, above which the rest no longer stands for all."""


def corpus_interval(
    metric: Metric | Counted, arm: Arm, *, clusters: Clusters | None = None, seed: int = 0
) -> Interval:
    """The metric over all items with its 95 % bootstrap interval, the mean over seeds.

    Items are drawn for all seeds together; other seeds widen the interval (`with_seeds`).

    Args:
        metric: takes a selection of a seed's items (of the same type), repeats included; or is
            counted.
        arm: the items of each seed; an item that failed in any seed is left out.
        clusters: what each item belongs to; clusters are then drawn whole.
        seed: of the draws.

    Raises:
        ValueError: seeds differ in length, or there is not one cluster for every item.
    """
    kept = answered(arm)
    members = members_of(cluster_codes(clusters, kept))
    seeds, n, n_failed = kept_of(metric, arm, kept), int(kept.sum()), int((~kept).sum())
    values = seed_values(metric, seeds) if n else np.array([math.nan])
    value = float(values.mean())
    if math.isnan(value):
        return Interval(None, None, None, n, n_failed, _UNDEFINED)
    rng = np.random.default_rng(seed)
    (draws,) = drawn_values(metric, [seeds], members, RESAMPLES, rng)
    over_seeds = draws.mean(axis=0)
    if len(members) > 1 and value in (0.0, 1.0) and np.all(over_seeds == value):
        # all right or all wrong: no draw can show what the next item may bring
        ends = wilson_bounds(value, len(members), critical(ALPHA, math.inf))
        return Interval(value, *ends, n, n_failed, "Wilson, as if of right and wrong")
    bounds = _percentiles(_centred(over_seeds, value), len(members), ALPHA)
    if bounds is None:
        return Interval(value, None, None, n, n_failed, _NO_INTERVAL)
    clustered = ", clustered" if len(members) < n else ""
    method = f"percentile bootstrap{clustered}, {RESAMPLES:,} draws, seed {seed}"
    others = whole_seed_spread(WholeSeeds(values, draws), units=len(members))
    if others.variance > 0:
        method = f"{method}, {len(values)} seeds"
        bounds = with_seeds(value, bounds, others, ALPHA)
    if np.nanmin(draws) >= 0 and np.nanmax(draws) <= 1:
        bounds = Bounds(max(0.0, bounds.low), min(1.0, bounds.high))
    return Interval(value, *bounds, n, n_failed, method)


def paired_corpus(
    metric: Metric | Counted,
    a: Arm,
    b: Arm,
    *,
    margin: float = 0.03,
    clusters: Clusters | None = None,
    seed: int = 0,
) -> Comparison:
    """Compares two arms on a corpus metric; judge a family with `harness.compare.holm`.

    The interval is a paired percentile bootstrap over items. p swaps the arms' answers item by
    item (approximate randomisation): its level stays at 5 % where a bootstrap p reaches 8 %.
    Several seeds: an arm's value is the mean over its seeds, items are drawn and swapped for all
    of them together, and the interval and p take in that other seeds give other values.

    Args:
        metric: takes a selection of a seed's items, repeats included; or is counted.
        a: the items of each seed, with all that the metric needs of them.
        b: the same items in the same order; it may have another number of seeds.
        margin: greatest difference that does not matter, in the unit of the metric.
        clusters: what each item belongs to; clusters are drawn and swapped whole.
        seed: of the draws.

    Raises:
        ValueError: lengths differ or margin < 0.
    """
    scored_a, scored_b = answered(a), answered(b)
    if len(scored_a) != len(scored_b) or not margin >= 0:
        sizes = f"{len(scored_a)} and {len(scored_b)} items"
        raise ValueError(f"{sizes}, margin {margin}; expected the same items and margin >= 0")
    kept = scored_a & scored_b
    codes, n_failed = cluster_codes(clusters, kept), int((~kept).sum())
    if not len(codes):
        return nothing_to_compare(n_failed, margin)
    a, b = kept_of(metric, a, kept), kept_of(metric, b, kept)
    of_a, of_b = seed_values(metric, a), seed_values(metric, b)
    difference = float(of_a.mean() - of_b.mean())
    if math.isnan(difference):
        return nothing_to_compare(n_failed, margin, note=_UNDEFINED)
    rng, members = np.random.default_rng(seed), members_of(codes)
    from_a, from_b = drawn_values(metric, [a, b], members, RESAMPLES, rng)
    others = whole_seed_spread(
        WholeSeeds(of_a, from_a), WholeSeeds(of_b, from_b), units=len(members)
    )
    draws = from_a.mean(axis=0) - from_b.mean(axis=0)
    swapped = swapped_differences(metric, a, b, codes, RESAMPLES, rng)
    return _compared(_Found(difference, draws, swapped, others, codes, n_failed), margin, seed)


class _Found(NamedTuple):
    """What was drawn of two arms."""

    difference: float
    draws: Floats
    """(RESAMPLES,) differences on drawn items."""
    swapped: Floats
    """(RESAMPLES,) differences with answers swapped."""
    seeds: SeedSpread
    codes: Codes
    """(items,) cluster numbers."""
    n_failed: int


def _compared(found: _Found, margin: float, seed: int) -> Comparison:
    n, units = len(found.codes), int(found.codes.max()) + 1
    bounds, bounds_90 = (_percentiles(found.draws, units, alpha) for alpha in (ALPHA, 2 * ALPHA))
    p, test = _swap_p(found), f"swap permutation, {RESAMPLES:,} swaps, seed {seed}"
    if bounds and bounds_90 and found.seeds.variance > 0:
        items = Spread(float(np.nanvar(found.draws)) * units / (units - 1), units)
        p = max(p, t_p_value(found.difference, items, found.seeds))
        test = f"{test}, t over seeds"
        bounds = with_seeds(found.difference, bounds, found.seeds, ALPHA)
        bounds_90 = with_seeds(found.difference, bounds_90, found.seeds, 2 * ALPHA)
    comparison = Comparison(
        difference=found.difference,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        low_90=bounds_90.low if bounds_90 else None,
        high_90=bounds_90.high if bounds_90 else None,
        p=p,
        n=n,
        n_failed=found.n_failed,
        units=units,
        test=test,
        note="" if bounds else _NO_INTERVAL,
        margin=margin,
        item_variance=n * float(np.nanvar(found.draws)) if bounds else 0.0,
        seed_half_width=critical(ALPHA, found.seeds.df) * math.sqrt(found.seeds.variance),
    )
    return judged(comparison, p, contrasts=1)


def _swap_p(found: _Found) -> float:
    """Two-sided p when the arms' answers are swapped at random, cluster by cluster."""
    differences = np.abs(found.swapped)
    extreme = int(np.count_nonzero(differences >= abs(found.difference) - 1e-12))
    return (1 + extreme) / (1 + int(np.count_nonzero(~np.isnan(differences))))


def _centred(draws: Floats, value: float) -> Floats:
    """Draws moved so that their mean is the value: a bootstrap can be off to one side.

    A label of one row is in two draws of three; where it is not, macro-F1 leaves it out, so that
    labels which are always wrong lift every draw and the interval would lie above its own value.
    """
    defined = draws[~np.isnan(draws)]
    return draws if not len(defined) else np.asarray(draws - (defined.mean() - value))


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
