"""Arms against each other on one metric, and what their comparisons are corrected for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from harness.climb import Step, climb
from harness.compare import Comparison, holm, paired, paired_corpus
from harness.experiment import Contrast
from harness.metric import Metric
from harness.rungs import rungs
from harness.stats.corpus import Counted
from harness.stats.verdicts import judged
from harness.types import Answer, Example, TaskSpec

Item = tuple[Example, Answer] | None
Whole = Callable[[Sequence[tuple[Example, Answer]]], float | None]

Pair = tuple[str, str]
"""Names of two arms: how the first does against the second."""


@dataclass(frozen=True)
class Family:
    """Arms that can be compared on one metric."""

    rows: Mapping[str, list[Any]]
    """Arm to its scores: seeds by items, or for a metric over all items together the items."""
    metric: Metric
    spec: TaskSpec
    margin: float
    clusters: Sequence[str] | None

    @cached_property
    def _found(self) -> dict[Pair, Comparison]:
        return {}

    def of_rungs(
        self, names: Sequence[str], scored: Sequence[str], planned: int
    ) -> tuple[Contrast, ...]:
        """Every pair of rungs: steps of the climb corrected among themselves, all others by Holm.

        The recommendation rests on the steps only, which is why they need not pay for the number
        of all pairs.

        Args:
            names: the rungs that were run, in order of effort.
            scored: those of them with a score; only they are steps.
            planned: how many were meant to be.
        """
        pairs = [(a, b) for b, a in combinations(names, 2)]
        judged_all = dict(zip(pairs, holm([self._between(pair) for pair in pairs]), strict=True))
        decided = self._steps(scored, planned)
        return tuple(
            contrast_of(pair, decided.get(pair, one), self.metric.name, pair in decided)
            for pair, one in judged_all.items()
        )

    def against_floor(self, names: Sequence[str], floor: str) -> tuple[Contrast, ...]:
        """Each rung against the best floor, corrected among themselves (Holm)."""
        pairs = [(name, floor) for name in names if floor]
        found = holm([self._between(pair) for pair in pairs])
        return tuple(
            contrast_of(pair, one, self.metric.name, False)
            for pair, one in zip(pairs, found, strict=True)
        )

    def _steps(self, names: Sequence[str], planned: int) -> dict[Pair, Comparison]:
        """The pairs on which the climb decided, each with the correction of its step."""

        def word(a: str, b: str, contrasts: float) -> str:
            return self._step((a, b), contrasts).verdict

        made_of = {name: rung.made_of for name, rung in rungs().items()}
        taken: tuple[Step, ...] = ()
        if names:
            taken = climb(names, word, made_of=made_of, planned=planned).steps
        return {
            (step.rung, other): self._step((step.rung, other), step.contrasts)
            for step in taken
            for other in step.against
        }

    def _step(self, pair: Pair, contrasts: float) -> Comparison:
        found = self._between(pair)
        p = None if found.p is None else min(1.0, contrasts * found.p)
        return judged(found, p, contrasts)

    def _between(self, pair: Pair) -> Comparison:
        """The comparison of two arms, computed once."""
        if pair not in self._found:
            a, b = (self.rows[name] for name in pair)
            if self.metric.whole is None:
                found = paired(a, b, margin=self.margin, clusters=self.clusters)
            else:
                value, (a, b) = over_all(self.metric, self.spec, [a, b])
                found = paired_corpus(value, a, b, margin=self.margin, clusters=self.clusters)
            self._found[pair] = found
        return self._found[pair]


def over_all(
    metric: Metric, spec: TaskSpec, arms: Sequence[Sequence[Item]]
) -> tuple[Whole | Counted, list[list[Any]]]:
    """A metric of a whole set of answers, and the arms' items as it takes them.

    Args:
        metric: one with `whole`.
        spec: of the task.
        arms: questions with their answers; None where there is none.
    """
    whole, counts = metric.whole, metric.counts
    assert whole is not None
    if counts is None:
        return lambda pairs: whole(pairs, spec).value, [list(arm) for arm in arms]
    # counted together, so that the arms' columns mean the same
    rows = iter(counts.of([pair for arm in arms for pair in arm if pair is not None], spec))
    return Counted(counts.value), [
        [None if pair is None else next(rows) for pair in arm] for arm in arms
    ]


def contrast_of(pair: Pair, one: Comparison, metric: str, planned: bool) -> Contrast:
    """As it is stored."""
    return Contrast(
        a=pair[0],
        b=pair[1],
        metric=metric,
        difference=one.difference,
        low=one.low,
        high=one.high,
        p=one.p,
        p_adjusted=one.p_adjusted,
        verdict=one.verdict,
        non_inferior=one.non_inferior,
        n=one.n,
        n_needed=one.n_needed,
        test=one.test,
        note=one.note,
        non_superior=one.non_superior,
        planned=planned,
        low_90=one.low_90,
        high_90=one.high_90,
        units=one.units,
    )
