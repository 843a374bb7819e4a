"""A learning curve fitted to measured errors, and what more rows of the kind are foretold to bring.

error(n) = a + b n^-c, a >= 0, 0 < c <= 1: the power law that errors of trained models follow over a
wide range of data (Hestness et al. 2017, arXiv 1712.00409; for fine-tuning Zhang et al. 2024, arXiv
2402.17193). Three or four sizes hardly tell c, so it is bounded and what is not known of it becomes
width of the interval.

Given c the law is linear. With N the largest size it is error(n) = e + s x(n), where
x(n) = ((n/N)^-c - 1)/c; e is the error at N, s = c b N^-c its fall there, and a = e - s/c. A curve
that rises with data (s < 0) is allowed, or a flat one would look as if it fell.

The interval is the profile likelihood's: every gain for which some e, s and c fit the measured
errors not noticeably worse than the best. How errors vary together comes from a bootstrap over
questions, and from the spread between seeds. The plain percentile interval of the bootstrapped
gains was tried and covers only 75 to 95 %: c sits at its bounds in most draws.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from harness.stats.joint import joint_means
from harness.stats.quantiles import critical
from harness.stats.scores import Clusters, Floats, has_scores

EXPONENTS: Final = np.linspace(0.05, 1.0, 20)
"""Rates that are tried: 1 is the fastest that theory knows, below 0.05 a curve looks flat."""
FARTHEST: Final = 4.0
"""Nothing is foretold beyond so many times the rows that were measured (SCIENCE: 2 to 4)."""
LEAST_SIZES: Final = 3
DRAWS: Final = 2_000
STEPS: Final = 241
"""Slopes tried for each exponent, over six standard errors to either side."""


class Law(NamedTuple):
    """A fitted curve."""

    error: float
    """At the largest size that was measured, e."""
    slope: float
    """Its fall there for each e-fold of the data, s."""
    exponent: float
    """c."""

    def at(self, share: float) -> float:
        """Error with so many times the rows of the largest size."""
        return self.error + self.slope * float(share**-self.exponent - 1) / self.exponent


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the fitted curve says of more rows."""

    factor: float
    """Times the rows of the largest size."""
    gain: float
    """By which the error falls, in 0..1."""
    low: float
    high: float
    """95 % interval of the gain."""
    law: Law


def foretell(
    rows: Sequence[float],
    scores: Sequence[Floats],
    clusters: Clusters | None = None,
    factor: float = 2.0,
) -> Foretold:
    """Fit the law and say what `factor` times the rows would bring.

    Args:
        rows: training rows of each size, rising.
        scores: of each size, (seeds, items) errors in 0..1 of the same items; nan where one failed,
            and that item is left out everywhere.
        clusters: what each item belongs to.
        factor: above 1, at most `FARTHEST`.

    Raises:
        ValueError: fewer than three sizes, no item with a score everywhere, or a factor that is
            out of range.
    """
    if len(rows) < LEAST_SIZES or len(rows) != len(scores) or not 1 < factor <= FARTHEST:
        raise ValueError(f"{len(rows)} sizes, factor {factor}; expected 3 or more, and 1 to 4")
    kept = np.logical_and.reduce([has_scores(one) for one in scores])
    if not kept.any():
        raise ValueError("no item has a score at every size")
    errors = [one[:, kept] for one in scores]
    own = None if clusters is None else [one for one, k in zip(clusters, kept, strict=True) if k]
    shares = np.asarray(rows, dtype=np.float64) / rows[-1]
    means = np.array([one.mean() for one in errors])
    return _profiled(shares, means, covariance(errors, own), factor)


def covariance(errors: Sequence[Floats], clusters: Clusters | None = None) -> Floats:
    """How the mean errors of the sizes vary together: by questions and, apart, by seeds.

    All sizes answer the same questions, so those move them together. Seeds move each by itself;
    their variance is pooled over the sizes, for two seeds alone say little, and taken so much
    larger that the normal quantile stands for Student's t (half-widths in quadrature: MOVER).
    """
    by_question = {str(at): one.mean(axis=0)[None, :] for at, one in enumerate(errors)}
    found = np.cov(joint_means(by_question, clusters=clusters, draws=DRAWS).T)
    variance, df = _of_seeds(errors)
    if variance > 0:
        wider = (critical(0.05, df) / critical(0.05, math.inf)) ** 2
        found = found + np.diag([wider * variance / len(one) for one in errors])
    return np.asarray(found, dtype=np.float64)


def _of_seeds(errors: Sequence[Floats]) -> tuple[float, float]:
    """Variance of one training's mean error, without what single answers explain; its df."""
    total, df = 0.0, 0
    for one in errors:
        seeds, n = one.shape
        if seeds < 2 or n < 2:
            continue
        means = one.mean(axis=1)
        rest = one - one.mean(axis=0) - means[:, None] + one.mean()
        within = float(np.sum(rest**2)) / ((seeds - 1) * (n - 1) * n)
        total += (seeds - 1) * (float(means.var(ddof=1)) - within)
        df += seeds - 1
    return (max(0.0, total / df), float(df)) if df else (0.0, math.inf)


def _profiled(shares: Floats, means: Floats, spread: Floats, factor: float) -> Foretold:
    """The best law, and the gains of all that fit about as well."""
    weights: Floats = np.asarray(np.linalg.inv(spread), dtype=np.float64)
    tried = [_laws(shares, means, weights, float(c)) for c in EXPONENTS]
    misfit = np.concatenate([one[0] for one in tried])
    e, s, c = np.concatenate([one[1] for one in tried], axis=1)
    gains = s * (1 - factor**-c) / c
    best = int(misfit.argmin())
    near = misfit <= misfit[best] + critical(0.05, math.inf) ** 2
    return Foretold(
        factor,
        float(gains[best]),
        float(gains[near].min()),
        float(gains[near].max()),
        Law(float(e[best]), float(s[best]), float(c[best])),
    )


def _laws(shares: Floats, means: Floats, weights: Floats, c: float) -> tuple[Floats, Floats]:
    """Slopes tried with one exponent, each with its best level: misfit, and (e, s, c)."""
    x = (shares**-c - 1) / c
    one = np.ones(len(x))
    both = np.stack([one, x], axis=1)
    known = np.linalg.inv(both.T @ weights @ both)
    centre = (known @ both.T @ weights @ means)[1]
    reach = 6 * math.sqrt(known[1, 1])
    # 0 is among them: with an error of 0, no other slope may be possible
    s = np.append(np.linspace(centre - reach, centre + reach, STEPS), 0.0)
    left = means[:, None] - x[:, None] * s
    e = (one @ weights @ left) / (one @ weights @ one)
    e = np.maximum(e, np.maximum(s / c, 0.0))  # a >= 0: no error falls below none
    off = left - e
    return np.einsum("ks,kl,ls->s", off, weights, off), np.stack([e, s, np.full_like(s, c)])


Word = Literal["help", "hardly", "unclear"]


def verdict_of(found: Foretold, margin: float) -> Word:
    """``help``: above 0 for sure and not below what matters; ``hardly``: surely less than matters.

    Everything else is ``unclear``.
    """
    if found.low > 0 and found.gain >= margin:
        return "help"
    return "hardly" if found.high < margin else "unclear"
