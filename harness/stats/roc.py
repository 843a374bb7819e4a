"""How well a score tells members of one group from those of another, and how sure that is.

AUC is the chance that a random member scores higher than a random other, ties counting half (Mann
and Whitney); 0.5 is guessing.
"""

import math
from collections.abc import Sequence

import numpy as np

from harness.intervals import Interval, mean_interval
from harness.stats.quantiles import critical
from harness.stats.scores import Clusters, Codes, Floats, cluster_codes


def auc_interval(
    members: Sequence[float],
    others: Sequence[float],
    clusters: tuple[Clusters | None, Clusters | None] = (None, None),
) -> Interval:
    """AUC with its 95 % interval.

    A score interval (Newcombe 2006, Statistics in Medicine 25:559, method 5): the values of θ
    whose own variance, after Hanley and McNeil (1982), allows what was seen. It has a width also
    where the groups are parted completely, where DeLong's has none. Clustered rows count for as
    many as give the variance that was seen, which is DeLong's (1988), summed by cluster (Obuchowski
    1997, Biometrics 53:567).

    Args:
        members: scores that should be higher.
        others: scores that should be lower.
        clusters: what each of the members, and each of the others, belongs to; no cluster
            straddles the two.

    Raises:
        ValueError: lengths differ or a score is not finite.
    """
    a, b = np.asarray(members, dtype=np.float64), np.asarray(others, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a score is not finite")
    n = len(a) + len(b)
    if not len(a) or not len(b):
        return Interval(None, None, None, n, 0, "one of the two groups is empty")
    wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    auc = float(wins.mean())
    rows = _codes(clusters[0], len(a)), _codes(clusters[1], len(b))
    units = [len(np.bincount(codes)) for codes in rows]
    seen = sum(
        _clustered(placed - auc, codes)
        for placed, codes in zip((wins.mean(axis=1), wins.mean(axis=0)), rows, strict=True)
    )
    sizes = _effective(auc, seen, (len(a), len(b)), units)
    z = critical(0.05, math.inf)
    low, high = _end(auc, sizes, z, -1), _end(auc, sizes, z, 1)
    clustered = ", clustered" if sum(units) < n else ""
    return Interval(auc, low, high, n, 0, f"Newcombe, method 5{clustered}")


def found_at(
    members: Sequence[float],
    others: Sequence[float],
    rate: float = 0.01,
    clusters: Clusters | None = None,
) -> Interval:
    """Share of members above a bar that at most `rate` of the others pass: TPR at a fixed FPR.

    What counts in an attack is whom it finds for certain, not whom on average (Carlini et al. 2022,
    arXiv 2112.03570). The interval is that of a share and takes the bar as given.

    Returns:
        Without a mean where the others are too few for such a rate: fewer than 1/rate.
    """
    if len(others) * rate < 1 - 1e-9 or not members:
        short = f"{len(others)} rows are too few for a rate of {rate:g}" if members else "no rows"
        return Interval(None, None, None, len(members), 0, short)
    ordered = sorted(others, reverse=True)
    bar = ordered[int(len(others) * rate + 1e-9)]  # so many of the others stand above it at most
    return mean_interval([float(score > bar) for score in members], clusters)


def independent_difference(a: Interval, b: Interval) -> tuple[float, float, float]:
    """Share a less share b of other items, with its 95 % interval.

    From the two intervals (Newcombe 1998, Statistics in Medicine 17:873, method 10).

    Raises:
        ValueError: one of them has no interval.
    """
    if a.mean is None or a.low is None or a.high is None:
        raise ValueError(a.method)
    if b.mean is None or b.low is None or b.high is None:
        raise ValueError(b.method)
    difference = a.mean - b.mean
    low = difference - math.hypot(a.mean - a.low, b.high - b.mean)
    return difference, low, difference + math.hypot(a.high - a.mean, b.mean - b.low)


def _codes(clusters: Clusters | None, n: int) -> Codes:
    return cluster_codes(clusters, np.ones(n, dtype=np.bool_))


def _clustered(away: Floats, codes: Codes) -> float:
    """Variance of the mean of values around 0 whose clusters vary, not their rows."""
    sums = np.bincount(codes, weights=away)
    units = len(sums)
    if units < 2:
        return 0.0
    return float(units / (units - 1) * np.sum(sums**2)) / len(away) ** 2


def _variance(theta: float, sizes: tuple[float, float]) -> float:
    """Of an AUC, with both groups' distributions exponential (Hanley and McNeil; Newcombe)."""
    m, n = sizes
    half = (m + n) / 2 - 1
    more = half * ((1 - theta) / (2 - theta) + theta / (1 + theta))
    return theta * (1 - theta) * (1 + more) / (m * n)


def _effective(
    auc: float, seen: float, sizes: tuple[int, int], units: Sequence[int]
) -> tuple[float, float]:
    """Sizes of two unclustered groups that would vary as these do; never more than there are."""
    supposed = _variance(auc, sizes)
    least = min(u / size for u, size in zip(units, sizes, strict=True))
    if least == 1:
        return float(sizes[0]), float(sizes[1])
    # the variance seen says little at the edges, where it vanishes: there clusters count as rows
    share = supposed / seen if seen > 0 and supposed > 0 else least
    share = min(1.0, max(least, share)) if seen > 0 else least
    return max(2.0, sizes[0] * share), max(2.0, sizes[1] * share)


def _end(auc: float, sizes: tuple[float, float], z: float, side: int) -> float:
    """The farthest θ on one side at which what was seen is z standard errors away."""
    inside, outside = auc, 0.0 if side < 0 else 1.0
    for _ in range(60):
        theta = (inside + outside) / 2
        if abs(auc - theta) <= z * math.sqrt(_variance(theta, sizes)):
            inside = theta
        else:
            outside = theta
    return inside
