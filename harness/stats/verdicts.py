"""Two arms on the same items: which is better, is it the same, or can it not be told yet.

The words follow from three things that are all kept in the result.

- ``equivalent``: the 90 % interval lies inside ±margin, which is two one-sided 5 % tests. It goes
  first: a real difference too small to matter is a difference that does not matter. With margin 0
  it is never said.
- ``better`` and ``worse`` (of a, against b): p, corrected for the number of contrasts, is below
  .05 *and* the 95 % interval leaves out 0. For right/wrong scores the first implies the second.
- ``inconclusive``: everything else. Never "no difference". The interval can still leave out 0
  where the correction for many contrasts, or very few differing items, forbid the claim.

Intervals are 95 % for each contrast on its own; only p is corrected.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.stats.power import ALPHA, discordant_needed, items_to_settle
from harness.stats.quantiles import critical

Verdict = Literal["better", "worse", "equivalent", "inconclusive"]

_TOO_FEW_TO_PLAN = 10
"""Items below which the variance itself is too unsure to plan from."""
_SEEDS_DECIDE = "seeds differ so much that more seeds would settle it, not more items"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Arm a against arm b, in the unit of the score."""

    difference: float | None
    """Mean of a minus mean of b over the items that both scored; None where there is none."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    low_90: float | None
    """Lower end of the 90 % interval, which is a one-sided 95 % bound."""
    high_90: float | None
    p: float | None
    """Two-sided, of this contrast alone."""
    n: int
    """Items compared."""
    n_failed: int
    """Items left out because an arm has no score there."""
    units: int
    """Independent units behind n: clusters, or items where nothing is clustered."""
    test: str
    """The test that p is from, with its seed where it draws."""
    note: str
    """What else to know, one sentence; mostly why nothing can be said."""
    margin: float
    """Greatest difference that does not matter."""
    item_variance: float
    """Variance of one item's difference to plan from: n times the squared standard error over
    items or clusters, with one more unit that differs."""
    seed_half_width: float
    """Half-width of the 95 % interval that the seeds alone give; more items do not shrink it."""
    differing: int | None = None
    """Units on which the arms differ; None where that is not what the test counts."""
    p_exact: float | None = None
    """By the exact McNemar test, where p is mid-p: for readers who know that one; no verdict rests
    on it."""
    p_adjusted: float | None = None
    """Corrected for the number of contrasts."""
    verdict: Verdict = "inconclusive"
    n_needed: int | None = None
    """Items in all, about, that would settle an inconclusive verdict; None where it is settled
    or cannot be estimated. `harness.stats.power.items_to_settle` says what settling means."""

    @property
    def non_inferior(self) -> bool:
        """Whether a is shown to be no worse than b by the margin or more (one-sided, 5 %)."""
        return self.low_90 is not None and self.low_90 > -self.margin

    @property
    def non_superior(self) -> bool:
        """Whether a is shown to be no better than b by the margin or more (one-sided, 5 %)."""
        return self.high_90 is not None and self.high_90 < self.margin


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Judges a planned family of contrasts together (Holm 1979), in the order given.

    The chance of even one wrong ``better`` or ``worse`` in the family stays at 5 %. A contrast
    that could not be tested still counts: it was planned.
    """
    size = len(comparisons)
    by_p = sorted(range(size), key=lambda i: 1.0 if (p := comparisons[i].p) is None else p)
    adjusted: dict[int, float] = {}
    running = 0.0
    for rank, position in enumerate(by_p):
        p = comparisons[position].p
        if p is not None:
            running = max(running, min(1.0, (size - rank) * p))
            adjusted[position] = running
    return [
        judged(comparison, adjusted.get(position), size)
        for position, comparison in enumerate(comparisons)
    ]


def judged(comparison: Comparison, p_adjusted: float | None, contrasts: float) -> Comparison:
    """Returns the comparison with the verdict that follows from its intervals and this p.

    Args:
        comparison: its verdict, p_adjusted and n_needed are not looked at.
        p_adjusted: p, corrected for the family.
        contrasts: size of the family, or 1 over this contrast's part of the 5 %.
    """
    verdict = _verdict(comparison, p_adjusted)
    needed, note = None, ""
    if verdict == "inconclusive":
        note = _too_little(comparison, contrasts) or comparison.note
    if verdict == "inconclusive" and comparison.difference is not None:
        if comparison.n >= _TOO_FEW_TO_PLAN and comparison.units > 1:
            # Few clusters are less sure of their spread than their number of items suggests.
            unsure = critical(ALPHA, comparison.units - 1) / critical(ALPHA, math.inf)
            needed = items_to_settle(
                comparison.difference,
                comparison.item_variance * unsure**2,
                comparison.margin,
                contrasts=contrasts,
                seed_half_width=comparison.seed_half_width,
            )
            if needed is not None and needed <= comparison.n:
                needed = None  # clusters are too few, not items
        if needed is None and comparison.seed_half_width > 0:
            note = note or _SEEDS_DECIDE
    return replace(comparison, p_adjusted=p_adjusted, verdict=verdict, n_needed=needed, note=note)


def _too_little(comparison: Comparison, contrasts: float) -> str:
    """Why no outcome could have been shown among so many contrasts, where that is so."""
    if comparison.differing is None:
        return ""
    # The sign-flip p of k differing units is at least 2·0.5^k, the mid-p half of that.
    exact = comparison.p_exact is not None
    needed = discordant_needed(contrasts=contrasts if exact else 2 * contrasts)
    if comparison.differing >= needed:
        return ""
    unit = "items" if comparison.units == comparison.n else "clusters"
    return (
        f"{unit} on which the arms differ: {comparison.differing}; needed, all in one direction: "
        f"{needed}"
    )


def nothing_to_compare(
    n_failed: int, margin: float, note: str = "no item has a score from both arms"
) -> Comparison:
    """The comparison of two arms that have no difference to speak of."""
    return Comparison(
        difference=None,
        low=None,
        high=None,
        low_90=None,
        high_90=None,
        p=None,
        n=0,
        n_failed=n_failed,
        units=0,
        test="none",
        note=note,
        margin=margin,
        item_variance=0.0,
        seed_half_width=0.0,
    )


def _verdict(comparison: Comparison, p_adjusted: float | None) -> Verdict:
    low, high = comparison.low, comparison.high
    low_90, high_90 = comparison.low_90, comparison.high_90
    if low is None or high is None or low_90 is None or high_90 is None or p_adjusted is None:
        return "inconclusive"
    if -comparison.margin < low_90 and high_90 < comparison.margin:
        return "equivalent"
    if p_adjusted < ALPHA and low > 0:
        return "better"
    if p_adjusted < ALPHA and high < 0:
        return "worse"
    return "inconclusive"
