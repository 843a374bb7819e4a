"""One rung's answers with what there is to know of each; what they come to is counted elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from harness.metrics import metric
from harness.retrieval import holds_answer
from harness.text import holds
from harness.types import Answer, Example, TaskSpec

VALID = {"label": "valid_label_score", "json": "json_valid_score"}
"""Kind of task to the metric that knows the form of its answers."""

Rows: TypeAlias = Sequence[Sequence[float | None]]
"""Seeds by questions; None leaves a question out."""
Value: TypeAlias = Callable[[Example, Answer], float | None]
"""Of one answer; None leaves it out."""


@dataclass(frozen=True)
class Subject:
    """One rung's answers."""

    name: str
    spec: TaskSpec
    heldout: tuple[Example, ...]
    answers: tuple[Mapping[str, Answer], ...]
    """A seed each, by question."""
    scores: tuple[tuple[float | None, ...], ...]
    """Seeds by questions, 0–1, higher is better; None where there is no answer or no score."""
    right_from: float
    """Score from which an answer counts as right."""
    curves: tuple[Sequence[Mapping[str, Any]], ...] = ()
    """Looks at dev during the training that was kept, a seed each; empty where none was."""

    @property
    def first_seed(self) -> "Subject":
        """The same with the answers of its first seed alone."""
        return replace(self, answers=self.answers[:1], scores=self.scores[:1])

    @cached_property
    def scored(self) -> tuple[bool, ...]:
        """Questions with a score in every seed: those that its mean score rests on."""
        return tuple(None not in column for column in zip(*self.scores, strict=True))

    @cached_property
    def means(self) -> tuple[float | None, ...]:
        """Score of each question, mean over seeds; None where one has none."""
        return self._over_seeds(lambda score: score)

    @cached_property
    def right(self) -> tuple[bool | None, ...]:
        """Questions that it gets right in most of its seeds; None where one has no score."""
        shares = self._over_seeds(lambda score: float(score >= self.right_from))
        return tuple(None if share is None else share > 0.5 for share in shares)

    def _over_seeds(self, value: Callable[[float], float]) -> tuple[float | None, ...]:
        out = []
        for column in zip(*self.scores, strict=True):
            known = [value(score) for score in column if score is not None]
            out.append(sum(known) / len(known) if len(known) == len(column) else None)
        return tuple(out)

    @cached_property
    def reads(self) -> bool:
        """Some of its answers rest on passages."""
        return any(answer.contexts for seed in self.answers for answer in seed.values())

    @cached_property
    def found(self) -> tuple[bool | None, ...]:
        """Whether a passage with the answer was before the model, for each question.

        None where that is not known, where nothing answers the question, and for a rung without
        passages. Of several seeds the first answer counts: search has no seed.
        """
        out = []
        for example in self.heldout:
            given = next((a[example.id] for a in self.answers if example.id in a), None)
            known = given is not None and self.reads
            seen = given.contexts if given and known else None
            out.append(None if seen is None else holds_answer(example, seen, self.spec))
        return tuple(out)

    @cached_property
    def malformed(self) -> tuple[frozenset[str], ...]:
        """Questions, a seed each, whose answer has not the form of one.

        No label of the list, no JSON by the schema, or for free text nothing at all. 'I do not
        know' in the task's own words has the right form in every task.
        """
        wanted = VALID.get(self.spec.kind)
        scorer = metric(wanted).item if wanted else None

        def bad(example: Example, answer: Answer) -> bool:
            if scorer is None:
                return not answer.text.strip()
            return scorer(example, answer, self.spec).value == 0 and not self.abstains(answer)

        return tuple(
            frozenset(e.id for e in self.heldout if e.id in seed and bad(e, seed[e.id]))
            for seed in self.answers
        )

    def abstains(self, answer: Answer) -> bool:
        """It says that it does not know; never where that is not part of the task."""
        wanted = self.spec.abstention
        return bool(wanted) and holds(answer.text, wanted, self.spec.language)

    def rows(self, value: Value) -> Rows:
        """A value of each answer; None also where there is no answer."""
        return [
            [value(e, seed[e.id]) if e.id in seed else None for e in self.heldout]
            for seed in self.answers
        ]

    def scores_where(self, picked: Sequence[bool]) -> Rows:
        """The scores of some of the questions."""
        return [[s if p else None for s, p in zip(r, picked, strict=True)] for r in self.scores]
