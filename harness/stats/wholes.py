"""A metric of a whole set of answers (macro-F1, BLEU), computed on many selections of its items."""

import math
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.stats.scores import Codes, Floats, Mask

Items = Sequence[Any] | NDArray[Any]
"""One entry an item, with all that the metric needs of it; None is failed. An array is taken by
rows: with per-item counts as rows (true positives, n-gram matches) a metric is fast."""

Arm = Sequence[Items]
"""The items of each seed, all of them the same items in the same order."""

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


def answered(arm: Arm) -> Mask:
    """Which items have an answer in every seed.

    Raises:
        ValueError: there is no seed, or seeds differ in their number of items.
    """
    sizes = {len(items) for items in arm}
    if len(sizes) != 1:
        raise ValueError(f"seeds have {sorted(sizes)} items; expected the same items for all")
    rows = [[item is not None for item in items] for items in arm]
    return np.asarray(np.all(rows, axis=0))


def kept_of(metric: Metric | Counted, arm: Arm, kept: Mask) -> list[Items]:
    """The kept items of each seed; counts as an array (items, counts)."""
    taken = [take(items, np.flatnonzero(kept)) for items in arm]
    if isinstance(metric, Counted):
        return [np.asarray(items, dtype=np.float64) for items in taken]
    return taken


def seed_values(metric: Metric | Counted, arm: Arm) -> Floats:
    """(seeds,) values on all items, nan where undefined."""
    return np.array([value_of(metric, items) for items in arm])


def members_of(codes: Codes) -> list[Codes]:
    """Positions of each cluster's items."""
    ends = np.cumsum(np.bincount(codes))[:-1]
    return np.split(np.argsort(codes, kind="stable"), ends)


def drawn(members: list[Codes], rng: np.random.Generator) -> Codes:
    """Positions of as many clusters as there are, drawn with replacement."""
    chosen = rng.integers(len(members), size=len(members))
    return np.concatenate([members[cluster] for cluster in chosen])


def drawn_values(
    metric: Metric | Counted,
    arms: Sequence[Arm],
    members: list[Codes],
    draws: int,
    rng: np.random.Generator,
) -> list[Floats]:
    """The metric of each arm's seeds on the same draws of clusters, (seeds, draws) each."""
    if isinstance(metric, Counted):
        units = len(members)
        chosen = rng.integers(units, size=(draws, units)) + units * np.arange(draws)[:, None]
        times = np.bincount(chosen.ravel(), minlength=draws * units)
        weights = times.reshape(draws, units).astype(np.float64)
        counts = [[_unit_counts(items, members) for items in arm] for arm in arms]
        return [np.array([metric.value(sums) for sums in _summed(weights, one)]) for one in counts]
    found = np.empty((draws, sum(map(len, arms))))
    for row in found:
        positions = drawn(members, rng)
        row[:] = [value_of(metric, take(items, positions)) for arm in arms for items in arm]
    columns = iter(found.T)
    return [np.array(list(islice(columns, len(arm)))) for arm in arms]


def swapped_differences(
    metric: Metric | Counted, a: Arm, b: Arm, codes: Codes, draws: int, rng: np.random.Generator
) -> Floats:
    """(draws,) differences of the arms' means over seeds, their answers swapped by cluster.

    A cluster is swapped in all seeds at once. Seeds change answers with one another in turn, so
    that each takes part as often as any other of its arm; nan where undefined.
    """
    units = int(codes.max()) + 1
    turns = [(a[turn % len(a)], b[turn % len(b)]) for turn in range(math.lcm(len(a), len(b)))]
    if isinstance(metric, Counted):
        swapped = rng.integers(2, size=(draws, units)).astype(np.float64)
        members, found = members_of(codes), np.zeros(draws)
        counts = [[_unit_counts(items, members) for items in two] for two in turns]
        moved = _summed(swapped, [there - here for here, there in counts])
        for (here, there), over in zip(counts, moved, strict=True):
            found += metric.value(here.sum(axis=0) + over)
            found -= metric.value(there.sum(axis=0) - over)
        return found / len(turns)
    # Both arms in one list: a selection of positions then swaps by reaching into the other half.
    both = [np.concatenate(two) if isinstance(two[0], np.ndarray) else [*two[0], *two[1]]
            for two in turns]  # fmt: skip
    n, places = len(codes), np.arange(len(codes))
    found = np.empty(draws)
    for draw in range(draws):
        swap = rng.integers(2, size=units)[codes] * n
        first, second = places + swap, places + n - swap
        found[draw] = np.mean([
            value_of(metric, take(items, first)) - value_of(metric, take(items, second))
            for items in both
        ])  # fmt: skip
    return found


def take(items: Items, positions: Codes) -> Items:
    """The items at these positions, as they came: an array or a list."""
    if isinstance(items, np.ndarray):
        return np.asarray(items[positions])
    return [items[position] for position in positions]


def _unit_counts(counts: Items, members: list[Codes]) -> Floats:
    """(clusters, counts) sums of each cluster's items."""
    order = np.concatenate(members)
    starts = np.cumsum([0, *(len(one) for one in members[:-1])])
    return np.asarray(np.add.reduceat(np.asarray(counts)[order], starts, axis=0))


def _summed(weights: Floats, counts: Sequence[Floats]) -> list[Floats]:
    """(draws, counts) weighted sums of each seed, in one product: that takes two thirds as long."""
    return np.split(weights @ np.hstack(counts), len(counts), axis=1)


def value_of(metric: Metric | Counted, items: Items) -> float:
    """The metric, with nan for undefined."""
    if isinstance(metric, Counted):
        return float(metric.value(np.asarray(items).sum(axis=0, keepdims=True))[0])
    value = metric(items)
    return math.nan if value is None else float(value)
