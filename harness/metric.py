"""What a metric is. `*_score` is better high, `*_error` better low; both in 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from harness.types import Answer, Example, Kind, Score, TaskSpec, TrainView

ItemScorer = Callable[[Example, Answer, TaskSpec], Score]
"""Scores one answer by itself."""
SetScorer = Callable[[Sequence[tuple[Example, Answer]], TaskSpec], Score]
"""Scores all answers together, for metrics that are not a mean over items."""
GRADED = 0.1
"""The usual `Metric.discordance` of scores that are mostly between right and wrong."""
Learner = Callable[[TrainView], ItemScorer]
"""Looks at train, dev and documents first, for metrics that must know how the house writes."""


class Counts(NamedTuple):
    """The same metric of a whole set, from what the items' counts add up to.

    It can then be resampled thousands of times in a moment.
    """

    of: Callable[[Sequence[tuple[Example, Answer]], TaskSpec], Any]
    """Answers to an array (answers, counts); columns depend on all answers given together."""
    value: Callable[[Any], Any]
    """Sums (draws, counts) to scores (draws,); nan where undefined."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How answers are scored. Exactly one of `item`, `whole` and `learn` is given."""

    name: str
    title: str
    """In plain words, for pages and reports."""
    kinds: frozenset[Kind]
    """Kinds of task it makes sense for."""
    item: ItemScorer | None = None
    whole: SetScorer | None = None
    counts: Counts | None = None
    """Beside `whole`, where it can be had: the same score, sooner."""
    learn: Learner | None = None
    """Gives the item scorer. The same view gives the same scorer."""
    headline_for: frozenset[Kind] = frozenset()
    """Kinds of task it is the default headline of."""
    discordance: float = 0.3
    """Mean squared difference of two rungs' scores on an item, as it usually is: of right or wrong
    the share on which they disagree. Only what is said before a check rests on it."""

    @property
    def higher_is_better(self) -> bool:
        """Declared by the name."""
        return self.name.endswith("_score")


def fitted(metric: Metric, view: TrainView | None) -> Metric:
    """A metric that can score: one that learns has learned, any other is as it was.

    Raises:
        ValueError: it has to learn, and there is nothing to learn from.
    """
    if metric.learn is None:
        return metric
    if view is None:
        raise ValueError(f"{metric.name} has to learn from train and dev first")
    return replace(metric, item=metric.learn(view), learn=None)


def only_abstains(answer: Answer, spec: TaskSpec) -> bool:
    """True where an answer is the task's own 'I do not know' and nothing besides."""
    return bool(spec.abstention) and answer.text.strip() == spec.abstention.strip()


def references_of(example: Example, spec: TaskSpec) -> tuple[str, ...]:
    """Accepted texts: the references, or the abstention where nothing answers the question."""
    return example.references or ((spec.abstention,) if spec.abstention else ())
