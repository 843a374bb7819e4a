"""What rungs are weighed by: criteria, their fixed scales, and what is judged about a rung.

Quality, cost and waiting time are measured. Freshness, sources, privacy and upkeep are judgements
from how a rung works; they stand, with their reasons, in `criteria.toml`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from advisor.questionnaire_file import read_toml

MOST = 10
"""The greatest weight; the smallest is 0."""
UNKNOWN = 0.5
"""Judged value of a rung that the table does not know."""
COST_SECONDS = (0.01, 100.0)
"""Scale of the seconds of computing a question, which stand for its cost where no prices are."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a measured figure, seconds or money, to 0..1 on a logarithmic scale."""

    best: float
    """Counts as 1, and so does all below; above 0."""
    worst: float
    """Counts as 0, and so does all above."""

    def value(self, figure: float) -> float:
        """0.1..10, 1.0 -> 0.5."""
        if figure <= self.best:
            return 1.0
        if figure >= self.worst:
            return 0.0
        return math.log(self.worst / figure) / math.log(self.worst / self.best)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that matters."""

    key: str
    title: str
    means: str
    """What a high value is."""
    kind: Literal["measured", "judged"]
    weight: float
    """0..10, where nothing else is said."""
    asked: str
    """The question whose answer proposes a weight."""
    weights: dict[str, float]
    """Its options, with the weight each proposes."""
    best: float | None = None
    worst: float | None = None

    def proposed(self, answers: Mapping[str, str]) -> float:
        """The weight that the answers to the questionnaire suggest."""
        return self.weights.get(answers.get(self.asked, ""), self.weight)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of a rung under a criterion, without having measured it."""

    value: float
    """0..1."""
    because: str


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a project says instead, under ``[values]`` in its rungwise.toml."""

    latency: Literal["p50", "p95"] = "p50"
    """Which of the measured waiting times counts."""
    scales: Mapping[str, Scale] | None = None
    """Criterion to scale."""
    judged: Mapping[str, Mapping[str, float]] | None = None
    """Rung to criterion to value."""

    def scale(self, criterion: str) -> Scale | None:
        """The project's own scale, where it has one."""
        return (self.scales or {}).get(criterion)

    def judgement(self, rung: str, criterion: str) -> float | None:
        """The project's own judgement, where it has one."""
        return (self.judged or {}).get(rung, {}).get(criterion)


class _File(msgspec.Struct, frozen=True):
    criterion: tuple[Criterion, ...]
    judged: dict[str, dict[str, Judgement]]


@cache
def _file() -> _File:
    return msgspec.convert(read_toml(Path(__file__).with_name("criteria.toml")), _File)


def criteria() -> tuple[Criterion, ...]:
    """All criteria, the measured ones first."""
    return _file().criterion


def criterion(key: str) -> Criterion:
    """One of them.

    Raises:
        KeyError: there is none of that name.
    """
    return {one.key: one for one in criteria()}[key]


def judged_criteria() -> tuple[str, ...]:
    """Keys of those that are judged."""
    return tuple(one.key for one in criteria() if one.kind == "judged")


def judgement(rung: str, key: str, overrides: Overrides) -> Judgement:
    """What is thought of a rung: by the project, else by the table, else the middle."""
    own = overrides.judgement(rung, key)
    if own is not None:
        return Judgement(own, "rungwise.toml says so")
    known = _file().judged.get(rung)
    if known is None:
        return Judgement(UNKNOWN, "nothing is known of this rung, so it stands in the middle")
    return known[key]


def scale_of(key: str, overrides: Overrides, seconds_for_cost: bool = False) -> Scale:
    """The scale of a measured criterion.

    Args:
        key: cost or latency; quality needs none, a score being in 0..1 already.
        overrides: the project's own scales go first.
        seconds_for_cost: no prices are known, so seconds of computing stand for cost. A scale of
            the project for money then does not fit.
    """
    if key == "cost" and seconds_for_cost:
        return Scale(*COST_SECONDS)
    found = criterion(key)
    if found.best is None or found.worst is None:
        raise ValueError(f"{key} has no scale")
    return overrides.scale(key) or Scale(found.best, found.worst)
