"""Answers against references."""

from collections.abc import Mapping, Sequence

from harness.metric import Metric, fitted
from harness.metrics import metrics
from harness.types import Answer, Example, Kind, Score, TaskSpec, TrainView


def headline(spec: TaskSpec) -> Metric:
    """The metric that decides: the one named in the task, else the default of its kind."""
    from harness.metrics import metric

    return metric(spec.metric) if spec.metric else metric(default_metric(spec.kind))


def default_metric(kind: Kind) -> str:
    """Name of the headline metric of a kind of task."""
    return next(name for name, metric in metrics().items() if kind in metric.headline_for)


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


def mean_score(
    metric: Metric, examples: Sequence[Example], answers: Sequence[Answer], spec: TaskSpec
) -> float | None:
    """Mean over the items that have a score, or the metric over all; None when nothing has."""
    by_id = {answer.query_id: answer for answer in answers}
    if metric.whole is not None:
        pairs = [(example, by_id[example.id]) for example in examples if example.id in by_id]
        return metric.whole(pairs, spec).value
    values = [score.value for score in item_scores(metric, examples, by_id, spec)]
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
