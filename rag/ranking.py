"""Orders of passages: the best of many scores, and several orders made one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

RANK_OFFSET = 60
"""k of reciprocal rank fusion (Cormack et al., SIGIR 2009): how little the first places count."""


class Ranked(NamedTuple):
    """A passage in an order."""

    row: int
    """Its place in the index."""
    score: float
    """What it was ordered by, higher is better."""


def best(scores: npt.NDArray[np.floating[Any]], k: int) -> list[Ranked]:
    """The k highest of (n,) scores above 0, highest first; the earlier row of equals.

    >>> best(np.array([0.5, 2.0, 0.0, 2.0]), 3)
    [Ranked(row=1, score=2.0), Ranked(row=3, score=2.0), Ranked(row=0, score=0.5)]
    """
    if k < 1:
        return []
    least = np.partition(scores, -k)[-k] if k < len(scores) else 0.0
    rows = np.flatnonzero((scores >= least) & (scores > 0))
    order = rows[np.lexsort((rows, -scores[rows]))][:k]
    return [Ranked(int(row), float(scores[row])) for row in order]


def reciprocal_rank(orders: Sequence[Sequence[Ranked]], k: int) -> list[Ranked]:
    """The k best by the sum of 1 / (60 + rank) over the orders; absent from one adds nothing.

    Scores are divided by the highest possible, so 1 means first in every order. Of equals the one
    that the first order puts higher comes first.
    """
    total: dict[int, float] = {}
    for order in orders:
        for rank, one in enumerate(order, start=1):
            total[one.row] = total.get(one.row, 0.0) + 1 / (RANK_OFFSET + rank)
    highest = len(orders) / (RANK_OFFSET + 1)
    # sorting is stable, and rows were met in the first order's order
    rows = sorted(total, key=lambda row: -total[row])[:k]
    return [Ranked(row, total[row] / highest) for row in rows]


def standard(scores: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Distance from the mean in standard deviations; 0 for all where all are equal.

    >>> standard(np.array([1.0, 3.0])).tolist()
    [-1.0, 1.0]
    """
    centred = scores.astype(np.float64) - scores.mean(dtype=np.float64)
    spread = centred.std()
    # of equal numbers the mean can be off by a rounding error, and so is their spread
    if spread <= 1e-7 * max(1.0, float(np.abs(scores).max())):
        return np.zeros(len(scores))
    return np.asarray(centred / spread)
