"""How far a judge agrees with people, and the shares of right answers corrected for its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.intervals import Interval, wilson
from harness.stats.scores import Floats

DRAWS = 4_000
KAPPA_DRAWS = 20_000
"""Of the few answers that people have looked at more draws cost little, and an end of the interval
decides whether a judge is of use."""
_PRIOR = 0.5
"""Of each cell that is counted, in items (Jeffreys): a judge that made no error on 15 answers is
not taken for one that makes none."""


class Checked(NamedTuple):
    """One answer that both a person and the judge have looked at."""

    cluster: str
    """What it belongs to; answers of one cluster are drawn together."""
    human: bool
    """Right, says the person."""
    judge: bool
    """Right, says the judge."""


class Seen(NamedTuple):
    """One answer that the judge has looked at."""

    item: str
    cluster: str
    judge: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against people."""

    share: Interval
    """Answers on which both say the same."""
    kappa: Interval
    """The same beyond chance, −1..1 (Cohen 1960)."""
    tpr: Interval
    """Of the answers that people call right, those that the judge calls right."""
    tnr: Interval
    """Of those that people call not right, those that the judge calls not right."""


@dataclass(frozen=True, slots=True)
class CorrectedDifference:
    """One rung's corrected share less another's, over the answers to the same questions."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    n: int
    """Questions to which the judge has looked at both answers."""


class Corrected(NamedTuple):
    """Shares of right answers as people would find them."""

    rungs: dict[str, Interval]
    differences: tuple[CorrectedDifference, ...]


def agreement(checked: Sequence[Checked], seed: int = 0) -> Agreement:
    """Agreement, kappa, and how often the judge is right on right and on wrong answers.

    Kappa's interval is drawn from the four counts, each with half an answer added: the usual
    formula (Fleiss, Cohen and Everitt 1969) has no width at all where nothing differs; answers of
    one cluster are drawn together. The other three are Wilson's and take answers as independent: in
    the order in which people see them (`harness.judge.labels.in_turn`) no question comes twice in a
    round.
    """
    tp, fp, fn, tn = _counts(checked)
    n = len(checked)
    found = kappa(tp, fp, fn, tn)
    if found is None:
        spread = Interval(None, None, None, n, 0, "undefined: all answers are called the same")
    else:
        drawn = _kappas(_Draws(checked, {}, seed, KAPPA_DRAWS).tables(checked))
        low, high = np.quantile(drawn, (0.025, 0.975))
        bounds = min(found, float(low)), max(found, float(high))
        spread = Interval(found, *bounds, n, 0, "drawn from the four counts")
    return Agreement(wilson(tp + tn, n), spread, wilson(tp, tp + fn), wilson(tn, tn + fp))


def kappa(tp: int, fp: int, fn: int, tn: int) -> float | None:
    """Cohen's kappa of a table of four counts; None where chance alone agrees always."""
    n = tp + fp + fn + tn
    chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / n**2 if n else 1.0
    return None if chance == 1 else ((tp + tn) / n - chance) / (1 - chance)


def corrected(
    checked: Sequence[Checked], seen: Mapping[str, Sequence[Seen]], *, seed: int = 0
) -> Corrected | None:
    """Each rung's share of right answers with the judge's errors taken out (Rogan and Gladen 1978).

    θ = (p + TNR − 1) / (TPR + TNR − 1), held in 0..1, with p the share the judge calls right. It
    supposes that the judge errs alike on every rung's answers: TPR and TNR are of all rungs
    together.

    Intervals are of a Bayesian bootstrap over clusters, the same weights for checked and for seen
    answers, since the checked ones are among the seen ones; half an answer is added to each count.
    In draws in which the judge is no better than chance nothing is known of θ: they stand at
    either end, and two rungs' at opposite ones.

    Args:
        checked: of all rungs.
        seen: rung to its answers.
        seed: of the draws.

    Returns:
        None where people called no answer right, or none not right, or TPR + TNR ≤ 1. Rungs of
        which nothing was seen are left out.
    """
    tp, fp, fn, tn = _counts(checked)
    if tp + fn == 0 or fp + tn == 0 or tp / (tp + fn) + tn / (fp + tn) <= 1:
        return None
    rates = tp / (tp + fn), tn / (fp + tn)
    draws = _Draws(checked, seen, seed)
    drawn_rates = draws.rates(checked)
    rungs = {}
    for name, answers in seen.items():
        if not answers:
            continue
        theta = _theta(_share(answers), *rates)
        low, high = _bounds(_thetas(draws.share(answers), *drawn_rates), float(theta))
        method = "Rogan–Gladen, Bayesian bootstrap"
        rungs[name] = Interval(float(theta), low, high, len(answers), 0, method)
    pairs = []
    for a, b in combinations(rungs, 2):
        both = {one.item for one in seen[a]} & {one.item for one in seen[b]}
        one, other = ([s for s in seen[name] if s.item in both] for name in (a, b))
        if not both:
            continue
        point = float(_theta(_share(one), *rates) - _theta(_share(other), *rates))
        shares = [
            _thetas(draws.share(answers), *drawn_rates, first_end=at)
            for at, answers in enumerate((one, other))
        ]
        pairs.append(CorrectedDifference(a, b, point, *_bounds(shares[0] - shares[1], point),
                                         len(both)))  # fmt: skip
    return Corrected(rungs, tuple(pairs))


class _Draws:
    """The same random weights of the clusters for everything that is counted."""

    def __init__(
        self,
        checked: Sequence[Checked],
        seen: Mapping[str, Sequence[Seen]],
        seed: int,
        draws: int = DRAWS,
    ) -> None:
        names = dict.fromkeys(one.cluster for one in checked)
        names |= dict.fromkeys(one.cluster for answers in seen.values() for one in answers)
        self.places = {name: place for place, name in enumerate(names)}
        self.rng = np.random.default_rng(seed)
        # Sums of exponential weights are gamma: where all clusters are single answers, a share of
        # them is Jeffreys' beta exactly.
        self.weights = self.rng.standard_exponential((draws, len(self.places)))

    def _sum(self, clusters: Sequence[str]) -> Floats:
        counts = np.bincount([self.places[c] for c in clusters], minlength=len(self.places))
        more = self.rng.standard_gamma(_PRIOR, len(self.weights))
        return np.asarray(self.weights @ counts.astype(np.float64) + more)

    def _of(self, ones: Sequence[str], others: Sequence[str]) -> Floats:
        hit, missed = self._sum(ones), self._sum(others)
        return hit / (hit + missed)

    def share(self, answers: Sequence[Seen]) -> Floats:
        """(draws,) shares the judge calls right."""
        return self._of(
            [one.cluster for one in answers if one.judge],
            [one.cluster for one in answers if not one.judge],
        )

    def tables(self, checked: Sequence[Checked]) -> Floats:
        """(draws, 4) weights of: right by both; by the judge; by the person; by neither."""
        kinds = ((True, True), (False, True), (True, False), (False, False))
        return np.column_stack([self._sum(_clusters(checked, *kind)) for kind in kinds])

    def rates(self, checked: Sequence[Checked]) -> tuple[Floats, Floats]:
        """(draws,) each: TPR and TNR."""
        tpr = self._of(_clusters(checked, True, True), _clusters(checked, True, False))
        tnr = self._of(_clusters(checked, False, False), _clusters(checked, False, True))
        return tpr, tnr


def _clusters(checked: Sequence[Checked], human: bool, judge: bool) -> list[str]:
    """Of the answers that the person and the judge call so."""
    return [one.cluster for one in checked if (one.human, one.judge) == (human, judge)]


def _counts(checked: Sequence[Checked]) -> tuple[int, int, int, int]:
    """Right by both; by the judge alone; by the person alone; by neither."""
    pairs = [(one.human, one.judge) for one in checked]
    return (
        pairs.count((True, True)),
        pairs.count((False, True)),
        pairs.count((True, False)),
        pairs.count((False, False)),
    )


def _share(answers: Sequence[Seen]) -> float:
    return sum(one.judge for one in answers) / len(answers)


def _theta(share: float, tpr: float, tnr: float) -> float:
    return min(1.0, max(0.0, (share + tnr - 1) / (tpr + tnr - 1)))


def _thetas(shares: Floats, tpr: Floats, tnr: Floats, first_end: int = 0) -> Floats:
    known = tpr + tnr > 1
    found = np.clip((shares + tnr - 1) / np.where(known, tpr + tnr - 1, 1.0), 0.0, 1.0)
    ends = ((np.arange(len(found)) + first_end) % 2).astype(np.float64)
    return np.where(known, found, ends)


def _bounds(drawn: Floats, point: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return min(point, float(low)), max(point, float(high))


def _kappas(tables: Floats) -> Floats:
    """(draws,) kappas of (draws, 4) weights of the four kinds of pairs."""
    shares = tables / tables.sum(axis=1, keepdims=True)
    tp, fp, fn, tn = shares.T
    chance = (tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)
    return np.asarray((tp + tn - chance) / (1 - chance))
