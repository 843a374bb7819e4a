"""What a metric is. `*_score` is better high, `*_error` better low; both in 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.types import Answer, Example, Kind, Score, TaskSpec

ItemScorer = Callable[[Example, Answer, TaskSpec], Score]
"""Scores one answer by itself."""
SetScorer = Callable[[Sequence[tuple[Example, Answer]], TaskSpec], Score]
"""Scores all answers together, for metrics that are not a mean over items."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How answers are scored. Exactly one of `item` and `whole` is given."""

    name: str
    title: str
    """In plain words, for pages and reports."""
    kinds: frozenset[Kind]
    """Kinds of task it makes sense for."""
    item: ItemScorer | None = None
    whole: SetScorer | None = None
    headline_for: frozenset[Kind] = frozenset()
    """Kinds of task it is the default headline of."""

    @property
    def higher_is_better(self) -> bool:
        """Declared by the name."""
        return self.name.endswith("_score")


def references_of(example: Example, spec: TaskSpec) -> tuple[str, ...]:
    """Accepted texts: the references, or the abstention where nothing answers the question."""
    return example.references or ((spec.abstention,) if spec.abstention else ())
