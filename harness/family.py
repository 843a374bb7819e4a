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
from harness.stats.verdicts import judged
from harness.stats.wholes import Counted
from harness.types import Answer, Example, TaskSpec

Item = tuple[Example, Answer] | None
"""A question with its answer; None where there is none."""
Whole = Callable[[Sequence[tuple[Example, Answer]]], float | None]

Pair = tuple[str, str]
"""Names of two arms: how the first does against the second."""


@dataclass(frozen=True)
class Family:
    """Arms that can be compared on one metric."""

    rows: Mapping[str, list[Any]]
    """Arm to seeds by items: scores, or for a metric over all items together `Item`s."""
    metric: Metric
    spec: TaskSpec
    margin: float
    clusters: Sequence[str] | None

    @cached_property
    def _found(self) -> dict[Pair, Comparison]:
        return {}

    @cached_property
    def _whole(self) -> tuple[Whole | Counted, Mapping[str, list[Any]]]:
        """The metric over all items together, and the arms as it takes them."""
        value, arms = over_all(self.metric, self.spec, list(self.rows.values()))
        return value, dict(zip(self.rows, arms, strict=True))

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
            if self.metric.whole is None:
                a, b = (self.rows[name] for name in pair)
                found = paired(a, b, margin=self.margin, clusters=self.clusters)
            else:
                value, arms = self._whole
                a, b = (arms[name] for name in pair)
                found = paired_corpus(value, a, b, margin=self.margin, clusters=self.clusters)
            self._found[pair] = found
        return self._found[pair]


def items_of(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Item]:
    """What a metric over all items together takes of one seed."""
    by_id = {answer.query_id: answer for answer in answers}
    return [(one, by_id[one.id]) if one.id in by_id else None for one in examples]


def over_all(
    metric: Metric, spec: TaskSpec, arms: Sequence[Sequence[Sequence[Item]]]
) -> tuple[Whole | Counted, list[list[Any]]]:
    """A metric of a whole set of answers, and the arms as it takes them: seeds by items.

    Args:
        metric: one with `whole`.
        spec: of the task.
        arms: the items of each seed of each arm.
    """
    whole, counts = metric.whole, metric.counts
    assert whole is not None
    if counts is None:
        return lambda pairs: whole(pairs, spec).value, [list(arm) for arm in arms]
    # counted together, so that the columns of all arms and seeds mean the same
    flat = [pair for arm in arms for items in arm for pair in items if pair is not None]
    rows = iter(counts.of(flat, spec))
    return Counted(counts.value), [
        [[None if pair is None else next(rows) for pair in items] for items in arm] for arm in arms
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
        p_exact=one.p_exact,
    )
