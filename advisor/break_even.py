"""From which volume on a rung that is dearer to build pays. Pure.

With F what a month costs without any answer (hosting, upkeep, building spread over twelve months)
and c what one more answer costs (with the expected cost of its being wrong), two rungs cost the
same where F_a + N c_a = F_b + N c_b, so N = (F_a - F_b) / (c_b - c_a) answers a month.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.economics import RungCost
from harness.experiment import Experiment

ROUNDING = 1e-9
"""Share of a cost below which a saving is only how a computer adds."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Two rungs that were compared, and where their costs cross."""

    dearer: str
    """Costs more before the first answer; of two that cost the same, the one cheaper an answer."""
    cheaper: str
    answers_per_month: float | None
    """Above it `dearer` costs less over a year; 0 = at any volume, None = never."""


def break_evens(experiment: Experiment, costs: Mapping[str, RungCost]) -> tuple[BreakEven, ...]:
    """Each pair of rungs that the check compared and whose answers both have a price."""
    found = []
    for pair in experiment.comparisons:
        a, b = costs[pair.a], costs[pair.b]
        if a.each is None or b.each is None:
            continue
        # dearer before the first answer, or else cheaper with each one
        first, second = (a, b) if _standing(a) > _standing(b) else (b, a)
        found.append(BreakEven(first.rung, second.rung, _crossing(first, second)))
    return tuple(found)


def _standing(cost: RungCost) -> tuple[float, float]:
    return cost.fixed_per_month, -(cost.each or 0.0)


def _crossing(dearer: RungCost, cheaper: RungCost) -> float | None:
    rival = cheaper.each or 0.0
    saved = rival - (dearer.each or 0.0)
    if saved <= ROUNDING * rival:
        return None
    return (dearer.fixed_per_month - cheaper.fixed_per_month) / saved
