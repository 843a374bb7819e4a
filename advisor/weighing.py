"""Rungs weighed by what matters: utilities with their uncertainty; pure.

A utility is the weighted mean of a rung's values, each in 0..1 on a scale that is fixed and stated,
so a rung's utility does not depend on which others were in the check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from advisor.choice import beats_floor
from advisor.criteria import Overrides, criteria, judgement, scale_of
from advisor.measured import floor_contrast, inline
from advisor.numbers import percent, seconds
from advisor.sensitivity import Sensitivity, sensitivity
from advisor.weights import Agreement, Person, agreement, combined
from harness.errors import Problem, UserError
from harness.experiment import ArmResult, Experiment
from harness.metrics import metric
from harness.resampled import Resampled
from harness.stats.scores import Floats


@dataclass(frozen=True, slots=True)
class Value:
    """How good a rung is under one criterion."""

    rung: str
    criterion: str
    value: float
    """0..1, higher is better."""
    shown: str
    """The figure that was measured; empty for a judgement."""
    because: str
    """The reason of a judgement; empty for a measurement."""


@dataclass(frozen=True, slots=True)
class Utility:
    """A rung's weighted mean."""

    rung: str
    title: str
    utility: float
    """0..1."""
    low: float
    """Lower end of the 95 % interval, from the uncertainty of quality alone."""
    high: float
    best: float
    """Share of the draws in which this rung comes first, 0..1."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person's weights alone would put first."""

    name: str
    shares: dict[str, float]
    first: str
    """A rung."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """A whole weighing."""

    shares: dict[str, float]
    """Criterion to its combined share of the weight; they add up to 1."""
    opinions: tuple[Opinion, ...]
    agreement: Agreement | None
    """None for one person, or where it cannot be said."""
    values: tuple[Value, ...]
    """Rungs in order of effort, criteria in their order."""
    utilities: tuple[Utility, ...]
    """Highest first; a tie goes to the lesser effort."""
    sensitivity: Sensitivity
    measured_first: str | None
    """Which rung comes first on the measured criteria alone; None where they weigh nothing."""
    left_out: dict[str, str]
    """Rungs that were not weighed, with the reason."""
    priced: bool
    """Cost is money; otherwise seconds of computing a question stand for it."""
    latency: str
    """Which waiting time counts: p50 or p95."""
    seed: int

    @property
    def first(self) -> Utility:
        """The rung that comes first."""
        return self.utilities[0]

    def title(self, rung: str) -> str:
        """A weighed rung's title."""
        return next(one.title for one in self.utilities if one.rung == rung)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is weighed besides the weights."""

    overrides: Overrides = field(default_factory=Overrides)
    prices: Mapping[str, float] | None = None
    """Rung to cost of an answer, in money; None: seconds of computing stand for it."""
    ruled_out: Mapping[str, str] | None = None
    """Rungs that the situation forbids, with the reason: no weight makes up for that."""


def weigh(
    experiment: Experiment,
    drawn: Resampled,
    people: Sequence[Person],
    grounds: Grounds | None = None,
    seed: int = 0,
) -> Weighing:
    """Weigh the rungs of an experiment.

    Args:
        experiment: at least one rung has a score and was timed.
        drawn: its headline scores, resampled.
        people: whose weights count, at least one.
        grounds: the project's own judgements, prices, and what is ruled out.
        seed: of the random weightings.

    Raises:
        UserError: no rung can be weighed.
    """
    grounds = grounds or Grounds()
    left_out = _left_out(experiment, grounds)
    left_out |= _no_gain(experiment, [name for name in experiment.rungs if name not in left_out])
    names = [name for name in experiment.rungs if name not in left_out and name in drawn.rungs]
    if not names:
        whys = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        fix = "check at least one rung that can be scored and is not ruled out"
        raise UserError(Problem(f"no rung can be weighed ({whys})", fix, experiment.run))
    values = _values(experiment, names, grounds)
    keys = [one.key for one in criteria()]
    table = np.array([one.value for one in values]).reshape(len(names), len(keys))
    shares = combined(people)
    weights = np.array([shares[key] for key in keys])
    quality = _better(experiment, drawn.draws[:, [drawn.rungs.index(name) for name in names]])
    return Weighing(
        shares=shares,
        opinions=tuple(_opinion(one, names, table) for one in people),
        agreement=agreement(people),
        values=tuple(values),
        utilities=_utilities(experiment, names, table, weights, quality),
        sensitivity=sensitivity(names, keys, table, weights, seed),
        measured_first=_measured_first(names, table, weights),
        left_out=left_out,
        priced=grounds.prices is not None,
        latency=grounds.overrides.latency,
        seed=seed,
    )


def _left_out(experiment: Experiment, grounds: Grounds) -> dict[str, str]:
    """Rungs that cannot be weighed, or must not be."""
    reasons = {}
    for name, arm in experiment.rungs.items():
        if name in (grounds.ruled_out or {}):
            reasons[name] = f"ruled out by your answers: {(grounds.ruled_out or {})[name]}"
        elif arm.scores[experiment.task.metric].mean is None:
            reasons[name] = "it has no score"
        elif _waited(arm, "p50") is None:
            reasons[name] = "it was not timed"
        elif grounds.prices is not None and name not in grounds.prices:
            reasons[name] = "it has no price"
        elif _waited(arm, grounds.overrides.latency) is None:
            reasons[name] = (
                "too few questions were timed for the slowest 5 %: weigh the median instead, "
                'latency = "p50" under [values], or check anew with timed = 20 under [check]'
            )
    return reasons


def _no_gain(experiment: Experiment, rungs: Sequence[str]) -> dict[str, str]:
    """Of some rungs those not ahead of doing without a language model: no weight makes up for that.

    Empty where none is ahead: then only the order among them is left to tell.
    """
    behind = [name for name in rungs if beats_floor(experiment, name) is False]
    if len(behind) == len(rungs):
        return {}
    return {name: f"it is not ahead of {_floor(experiment, name)}" for name in behind}


def _floor(experiment: Experiment, rung: str) -> str:
    """'doing without a language model (the commonest answer, 14 %)'."""
    against = floor_contrast(experiment, rung)
    assert against is not None
    floor = experiment.floors[against.b]
    score = percent(floor.scores[experiment.task.metric].mean)
    return f"doing without a language model ({inline(floor)}, {score})"


def _waited(arm: ArmResult, which: str) -> float | None:
    return arm.latency_s.p95 if which == "p95" else arm.latency_s.p50


def _values(experiment: Experiment, names: Sequence[str], grounds: Grounds) -> list[Value]:
    return [
        _judged(name, one.key, grounds)
        if one.kind == "judged"
        else _measured(experiment, name, one.key, grounds)
        for name in names
        for one in criteria()
    ]


def _judged(name: str, key: str, grounds: Grounds) -> Value:
    found = judgement(name, key, grounds.overrides)
    return Value(name, key, found.value, "", found.because)


def _measured(experiment: Experiment, name: str, key: str, grounds: Grounds) -> Value:
    arm, task = experiment.rungs[name], experiment.task
    if key == "quality":
        mean = arm.scores[task.metric].mean or 0.0
        return Value(name, key, float(_better(experiment, np.array([mean]))[0]), percent(mean), "")
    if key == "latency":
        waited = _waited(arm, grounds.overrides.latency) or 0.0
        value = scale_of(key, grounds.overrides).value(waited)
        return Value(name, key, value, seconds(waited), "")
    if grounds.prices is not None:
        price = grounds.prices[name]
        return Value(name, key, scale_of(key, grounds.overrides).value(price), f"{price:.2g}", "")
    spent = arm.answer_s / max(1, task.n_heldout)
    value = scale_of(key, grounds.overrides, seconds_for_cost=True).value(spent)
    return Value(name, key, value, f"{seconds(spent)} of computing", "")


def _better(experiment: Experiment, scores: Floats) -> Floats:
    """Scores so that higher is better."""
    return scores if metric(experiment.task.metric).higher_is_better else 1 - scores


def _measured_first(names: Sequence[str], table: Floats, weights: Floats) -> str | None:
    counts = np.array([one.kind == "measured" for one in criteria()])
    if weights[counts].sum() <= 0:
        return None
    return names[int(np.argmax(table[:, counts] @ weights[counts]))]


def _opinion(person: Person, names: Sequence[str], table: Floats) -> Opinion:
    shares = person.shares()
    return Opinion(person.name, shares, names[int(np.argmax(table @ np.array([*shares.values()])))])


def _utilities(
    experiment: Experiment, names: Sequence[str], table: Floats, weights: Floats, quality: Floats
) -> tuple[Utility, ...]:
    """Utilities with what the uncertainty of quality does to them."""
    measured = table @ weights
    at = [one.key for one in criteria()].index("quality")
    drawn = measured + (quality - table[:, at]) * weights[at]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    # of equals the lesser effort comes first, as in the rest of the program
    best = np.bincount(drawn.argmax(axis=1), minlength=len(names)) / len(drawn)
    order = sorted(range(len(names)), key=lambda i: -measured[i])
    return tuple(
        Utility(
            names[i], experiment.rungs[names[i]].title, float(measured[i]),
            float(min(low[i], measured[i])), float(max(high[i], measured[i])), float(best[i]),
        )
        for i in order
    )  # fmt: skip
