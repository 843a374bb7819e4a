"""How much each criterion counts, for one set of weights or for several people; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.criteria import criteria
from harness.stats.scores import Floats

EVERYBODY = ""
"""Name of the one set of weights that belongs to nobody in particular."""


@dataclass(frozen=True, slots=True)
class Person:
    """One who has a say, with the weights of their own."""

    name: str
    """Empty where there is one set for all."""
    weights: Mapping[str, float]
    """Criterion to weight, 0..10, not all 0; a criterion that is not there weighs nothing."""

    def shares(self) -> dict[str, float]:
        """Criterion to share of the whole, in the order of the criteria; they add up to 1."""
        total = sum(self.weights.values())
        return {one.key: self.weights.get(one.key, 0.0) / total for one in criteria()}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people order the criteria alike."""

    w: float
    """Kendall's W, 0..1: 1 where all have the same order, 0 where no order shows."""
    people: int

    @property
    def words(self) -> str:
        """W as people say it; the borders are a convention (Schmidt 1997), not a test."""
        if self.w >= 0.7:
            return "agree on the whole"
        return "agree in part" if self.w >= 0.4 else "hardly agree"


def proposed(answers: Mapping[str, str]) -> Person:
    """One set of weights, as the answers to the questionnaire suggest them."""
    return Person(EVERYBODY, {one.key: one.proposed(answers) for one in criteria()})


def combined(people: Sequence[Person]) -> dict[str, float]:
    """Mean of everybody's shares: each person counts alike, however large their numbers are.

    Raises:
        ValueError: nobody is given, or somebody gives no weight at all.
    """
    if not people or any(sum(one.weights.values()) <= 0 for one in people):
        raise ValueError("every person needs at least one weight above 0")
    shares = [one.shares() for one in people]
    return {key: sum(share[key] for share in shares) / len(shares) for key in shares[0]}


def agreement(people: Sequence[Person]) -> Agreement | None:
    """Kendall's coefficient of concordance over the people's orders, allowing for ties.

    W = 12 S / (m² (n³ − n) − m Σ T), with S the squared deviations of the rank sums, and T the sum
    of t³ − t over each person's ties (Kendall 1948, Rank Correlation Methods, ch. 6).

    Returns:
        None for fewer than two people, or where nobody prefers anything to anything.
    """
    if len(people) < 2:
        return None
    keys = [one.key for one in criteria()]
    ranks = np.array([_ranks([one.weights.get(key, 0.0) for key in keys]) for one in people])
    m, n = ranks.shape
    sums = ranks.sum(axis=0)
    ties = sum(_ties(row) for row in ranks)
    most = m * m * (n**3 - n) - m * ties
    if most <= 0:
        return None
    return Agreement(float(12 * np.sum((sums - sums.mean()) ** 2) / most), m)


def _ranks(values: Sequence[float]) -> Floats:
    """Places from 1, equal values sharing their mean place."""
    given = np.array(values)
    below = (given[:, None] > given[None, :]).sum(axis=1)
    alike = (given[:, None] == given[None, :]).sum(axis=1)
    return np.asarray(below + (alike + 1) / 2, dtype=np.float64)


def _ties(ranks: Floats) -> float:
    _, counts = np.unique(ranks, return_counts=True)
    return float(np.sum(counts**3 - counts))
