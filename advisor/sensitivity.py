"""How much an order of rungs depends on the weights; pure.

A utility is linear in a criterion's weight when the other weights keep their proportions, so the
weight at which the first place changes has a closed form. What no single weight shows is shown by
weightings drawn at random (stochastic multicriteria acceptability, Lahdelma and Salminen 2001).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.stats.scores import Floats

WEIGHTINGS = 10_000
_ALIKE = 1e-12
"""Difference of utilities that is rounding."""


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest weight, to one side, at which another rung comes first."""

    criterion: str
    now: float
    """Its share of the weight, 0..1."""
    at: float
    """The share at which the first place changes, 0..1."""
    direction: Literal["more", "less"]
    rung: str
    """Which comes first beyond it."""


@dataclass(frozen=True, slots=True)
class Without:
    """The first place when one criterion does not count at all."""

    criterion: str
    rung: str


@dataclass(frozen=True, slots=True)
class Acceptability:
    """How often a rung takes each place under weights drawn at random."""

    rung: str
    places: tuple[float, ...]
    """Share of the weightings for the first place, the second …; they add up to 1."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What would change the order."""

    flips: tuple[Flip, ...]
    """In the order of the criteria; a criterion that has none is not there."""
    without: tuple[Without, ...]
    """One a criterion that weighs anything and not everything."""
    acceptability: tuple[Acceptability, ...]
    """In order of effort."""
    weightings: int


def sensitivity(
    rungs: Sequence[str], criteria: Sequence[str], values: Floats, weights: Floats, seed: int = 0
) -> Sensitivity:
    """All three views on the weights.

    Args:
        rungs: names, in order of effort; a tie goes to the earlier one.
        criteria: their keys.
        values: (rungs, criteria) in 0..1.
        weights: (criteria,) shares that add up to 1.
        seed: of the random weightings.
    """
    return Sensitivity(
        flips=tuple(
            flip
            for at, key in enumerate(criteria)
            for flip in _flips(rungs, key, *_line(values, weights, at), float(weights[at]))
        ),
        without=tuple(
            Without(key, rungs[int(np.argmax(_line(values, weights, at)[0]))])
            for at, key in enumerate(criteria)
            if 0 < weights[at] < 1
        ),
        acceptability=acceptability(rungs, values, seed),
        weightings=WEIGHTINGS,
    )


def _line(values: Floats, weights: Floats, at: int) -> tuple[Floats, Floats]:
    """Utilities with the criterion left out, and with nothing but it: the two ends of a line.

    Where the criterion has all the weight the others have no proportions; then they count alike.
    """
    others = np.delete(weights, at)
    if others.sum() <= 0:
        others = np.ones_like(others)
    return np.delete(values, at, axis=1) @ (others / others.sum()), values[:, at]


def _flips(
    rungs: Sequence[str], key: str, without: Floats, alone: Floats, now: float
) -> list[Flip]:
    """The nearest change of the first place above and below the present weight.

    The lead of the first over a rival at weight t is (1 − t) of its lead without the criterion plus
    t of its lead on the criterion alone; it is zero at t* = lead₀ / (lead₀ − lead₁).
    """
    first = int(np.argmax((1 - now) * without + now * alone))
    crossings: dict[Literal["more", "less"], list[tuple[float, float, int]]] = {
        "more": [], "less": [],
    }  # fmt: skip
    for rival in range(len(rungs)):
        start = float(without[first] - without[rival])
        end = float(alone[first] - alone[rival])
        if rival == first or abs(start - end) <= _ALIKE:
            continue
        at = start / (start - end)
        # beyond t* the rival leads by more, the steeper its line; of several at one place the
        # steepest comes first
        if now <= at < 1 and end < -_ALIKE:
            crossings["more"].append((at, end - start, rival))
        if 0 < at <= now and start < -_ALIKE:
            crossings["less"].append((-at, start - end, rival))
    return [
        Flip(key, now, abs(min(found)[0]), direction, rungs[min(found)[2]])
        for direction, found in crossings.items()
        if found
    ]


def acceptability(
    rungs: Sequence[str], values: Floats, seed: int = 0, weightings: int = WEIGHTINGS
) -> tuple[Acceptability, ...]:
    """How often each rung takes each place when every weighting is as likely as every other.

    Args:
        rungs: names, in order of effort; a tie goes to the earlier one.
        values: (rungs, criteria) in 0..1.
        seed: of the draws.
        weightings: how many are drawn, from a flat Dirichlet distribution.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.dirichlet(np.ones(values.shape[1]), size=weightings)
    order = np.argsort(-(drawn @ values.T), axis=1, kind="stable")
    counts = [np.bincount(order[:, place], minlength=len(rungs)) for place in range(len(rungs))]
    shares = np.array(counts).T / weightings
    return tuple(
        Acceptability(name, tuple(float(share) for share in shares[i]))
        for i, name in enumerate(rungs)
    )
