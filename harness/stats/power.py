"""How many items a conclusion needs, and what a number of items can show."""

import math

from harness.stats.quantiles import normal_quantile

ALPHA = 0.05
POWER = 0.80


def items_for_difference(
    difference: float, variance: float, *, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Items at which a paired difference is shown with the given power.

    Connor (1987), ``n = (z_{1−α/2}·√ψ + z_{power}·√(ψ−δ²))² / δ²``: for right/wrong scores ψ is
    the share of items on which the arms disagree. Written with the variance σ² = ψ − δ² of an
    item's difference it holds for graded scores too, where ψ is the mean squared difference:
    flipping signs holds exactly that fixed.

    Args:
        difference: δ, not 0.
        variance: σ² of one item's difference; n times the squared standard error of the mean
            where items come in clusters.
        alpha: two-sided, already divided by the number of contrasts.
        power: chance of showing the difference.
    """
    squared = difference**2
    width = normal_quantile(1 - alpha / 2) * math.sqrt(variance + squared)
    width += normal_quantile(power) * math.sqrt(variance)
    return width**2 / squared


def items_for_equivalence(
    difference: float, variance: float, margin: float, *, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Items at which two one-sided tests show a difference to be inside ±margin.

    Args:
        difference: what the difference is believed to be; smaller than the margin.
        variance: of one item's difference, as in `items_for_difference`.
        margin: greatest difference that does not matter.
        alpha: one-sided.
        power: chance of showing it.
    """
    z = normal_quantile(1 - alpha)
    # Near 0 either side can fail, so that each may do so only half as often.
    centred = (z + normal_quantile((1 + power) / 2)) ** 2 * variance / margin**2
    near_edge = (z + normal_quantile(power)) ** 2 * variance / (margin - abs(difference)) ** 2
    return max(centred, near_edge)


def items_to_settle(
    difference: float, variance: float, margin: float, *, contrasts: float, seed_half_width: float
) -> int | None:
    """Items at which the verdict is settled with 80 % power if the truth is what was seen.

    Settled is either way: the difference shown, or shown to be inside ±margin, whichever takes
    fewer items. Of an estimate this can only be an estimate: "about".

    Args:
        difference: the one seen.
        variance: the one seen, of one item's difference.
        margin: greatest difference that does not matter; 0 never ends in equivalence.
        contrasts: of the family, by which alpha is divided for a difference.
        seed_half_width: half-width of the 95 % interval that the seeds alone give.

    Returns:
        Items in all (not: more than now), or None where no number of items would do, because
        the difference is exactly 0 at margin 0 or the seeds alone are too far apart.
    """
    ways = []
    if difference != 0:
        items = items_for_difference(difference, variance, alpha=ALPHA / contrasts)
        ways.append((items, abs(difference)))
    if abs(difference) < margin:
        items = items_for_equivalence(difference, variance, margin)
        ways.append((items, margin - abs(difference)))
    # The seeds take their share of the distance to be resolved, and more items do not shrink it.
    stretch = 1 + normal_quantile(POWER) / normal_quantile(1 - ALPHA / 2)
    shares = [(items, 1 - (stretch * seed_half_width / reach) ** 2) for items, reach in ways]
    needed = [items / share for items, share in shares if share > 0]
    return math.ceil(min(needed)) if needed else None


def minimum_detectable_difference(
    n: int, discordance: float = 0.3, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Smallest true difference that n items would show with the given power.

    Args:
        n: items.
        discordance: expected share of items on which the arms disagree (graded scores: the
            expected mean squared difference). A difference cannot exceed it: where all
            disagreements one way would not do, the discordance is taken to be as large as the
            difference, so that the answer is then larger than `discordance`.
        alpha: two-sided, already divided by the number of contrasts.
        power: chance of showing the difference.

    Returns:
        Difference in the unit of the score, 0.08 is 8 points; None where no outcome of n items
        can be significant.

    Raises:
        ValueError: n is negative or the discordance is not in (0, 1].
    """
    if n < 0 or not 0 < discordance <= 1:
        raise ValueError(f"n is {n}, discordance {discordance}; expected n >= 0, 0 < it <= 1")
    if n < discordant_needed(alpha):
        return None
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        variance = max(discordance, middle) - middle**2
        enough = items_for_difference(middle, variance, alpha=alpha, power=power) <= n
        low, high = (low, middle) if enough else (middle, high)
    return high


def discordant_needed(alpha: float = ALPHA, contrasts: float = 1) -> int:
    """Fewest items that must differ, all in one direction, before anything can be shown.

    k items one way give a mid-p of 0.5^k: 5 items for p < .05, 8 with Holm over 10 contrasts.
    """
    return math.floor(math.log2(contrasts / alpha)) + 1
