"""Answers against references."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.metric import Metric, fitted
from harness.metrics import metrics
from harness.types import Answer, Example, Kind, Score, TaskSpec, TrainView


class Scored(NamedTuple):
    """How well answers do, higher is better."""

    score: float | None
    """The metric; None = undefined."""
    rows: tuple[float | None, ...]
    """What each question contributes; None where it has no score."""


FACTS = "fact_score"
"""Metric of the key facts that rows name."""

Table = dict[str, dict[str, float | None]]
"""Metric to item id to score, of one cell."""


def headline(spec: TaskSpec) -> Metric:
    """The metric that decides: the one named in the task, else the default of its kind."""
    from harness.metrics import metric

    return metric(spec.metric) if spec.metric else metric(default_metric(spec.kind))


def default_metric(kind: Kind) -> str:
    """Name of the headline metric of a kind of task."""
    return next(name for name, metric in metrics().items() if kind in metric.headline_for)


def by_facts(spec: TaskSpec, examples: Iterable[Example]) -> TaskSpec:
    """The task with its key facts as what counts, where every question with an answer names some.

    Shared words call a smooth sentence with a wrong figure nearly right; whoever wrote the facts
    down has said what matters. A metric that the task names stays.
    """
    answered = [example for example in examples if example.answerable]
    stated = bool(answered) and all(example.key_facts for example in answered)
    if spec.metric or not stated or spec.kind not in metrics()[FACTS].kinds:
        return spec
    return dataclasses.replace(spec, metric=FACTS)


def metrics_for(spec: TaskSpec) -> list[Metric]:
    """All metrics that make sense for a task, the headline first."""
    first = headline(spec)
    rest = [m for m in metrics().values() if spec.kind in m.kinds and m.name != first.name]
    return [first, *rest]


def scorers_for(view: TrainView) -> list[Metric]:
    """The metrics of a task, ready to score; those that learn have learned."""
    return [fitted(metric, view) for metric in metrics_for(view.spec)]


def item_scores(
    metric: Metric, examples: Sequence[Example], answers: Mapping[str, Answer], spec: TaskSpec
) -> list[Score]:
    """One score an example, in order; undefined where there is no answer.

    Raises:
        ValueError: the metric is not defined item by item, or has yet to learn.
    """
    if metric.item is None:
        why = "has yet to learn" if metric.learn else "is computed over all items together"
        raise ValueError(f"{metric.name} {why}")
    out = []
    for example in examples:
        answer = answers.get(example.id)
        if answer is None:
            out.append(Score(None, "no answer"))
        else:
            out.append(metric.item(example, answer, spec))
    return out


def table_of(
    given: Sequence[Answer], examples: Sequence[Example], spec: TaskSpec, scorers: Sequence[Metric]
) -> Table:
    """The scores of one cell's answers, by every metric that is defined item by item.

    An item without an answer has no score.
    """
    answers = {answer.query_id: answer for answer in given}
    found = {m.name: item_scores(m, examples, answers, spec) for m in scorers if m.item is not None}
    return {
        name: {example.id: score.value for example, score in zip(examples, scores, strict=True)}
        for name, scores in found.items()
    }


def mean_score(
    metric: Metric, examples: Sequence[Example], answers: Sequence[Answer], spec: TaskSpec
) -> float | None:
    """Mean over the items that have a score, or the metric over all; None when nothing has."""
    by_id = {answer.query_id: answer for answer in answers}
    if metric.whole is not None:
        pairs = [(example, by_id[example.id]) for example in examples if example.id in by_id]
        return metric.whole(pairs, spec).value
    return mean_of(score.value for score in item_scores(metric, examples, by_id, spec))


def mean_of(values: Iterable[float | None]) -> float | None:
    """Mean of the scores that there are; None when there is none."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def row_scores(
    metric: Metric, examples: Sequence[Example], answers: Sequence[Answer], spec: TaskSpec
) -> tuple[float | None, ...]:
    """What each question contributes to a metric, higher is better; unanswered is the worst.

    Of a metric over all items together that is the jackknife's pseudo-value: n times the whole
    less n - 1 times the whole without the question. Of a mean it is the question's own score.
    """
    by_id = {answer.query_id: answer for answer in answers}
    sign, worst = (1.0, 0.0) if metric.higher_is_better else (-1.0, -1.0)
    if metric.item is not None:
        found = [score.value for score in item_scores(metric, examples, by_id, spec)]
    else:
        found = _pseudo_values(metric, examples, answers, spec)
    return tuple(
        worst if example.id not in by_id else None if value is None else sign * value
        for example, value in zip(examples, found, strict=True)
    )


def _pseudo_values(
    metric: Metric, examples: Sequence[Example], answers: Sequence[Answer], spec: TaskSpec
) -> list[float | None]:
    whole, n = mean_score(metric, examples, answers, spec), len(answers)
    out: list[float | None] = []
    for example in examples:
        rest = [answer for answer in answers if answer.query_id != example.id]
        without = mean_score(metric, examples, rest, spec)
        if whole is None or without is None:
            out.append(None)
        else:
            out.append(n * whole - (n - 1) * without)
    return out
