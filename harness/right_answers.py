"""The right answers scored as if a rung had given them: how high a score can be expected."""

from collections.abc import Sequence
from typing import NamedTuple

from harness.experiment import Estimate
from harness.intervals import mean_interval
from harness.metric import Metric
from harness.prompts import target
from harness.scoring import item_scores
from harness.types import Answer, Example, TaskSpec


class RightAnswers(NamedTuple):
    """By metric, of those that are defined item by item."""

    scores: dict[str, Estimate]
    undefined: dict[str, str]
    """Why a metric scores nothing in this task."""


def right_answers(
    heldout: Sequence[Example],
    spec: TaskSpec,
    scorers: Sequence[Metric],
    clusters: Sequence[str] | None,
) -> RightAnswers:
    """Score the first reference of each question, or the abstention where nothing answers it.

    Args:
        heldout: with references.
        spec: of the task.
        scorers: ready to score.
        clusters: what each question belongs to.
    """
    given = {e.id: Answer(e.id, target(spec, e)) for e in heldout}
    found = RightAnswers({}, {})
    for metric in scorers:
        if metric.item is None:
            continue
        scores = item_scores(metric, heldout, given, spec)
        one = mean_interval([score.value for score in scores], clusters)
        if one.n:
            estimate = Estimate(one.mean, one.low, one.high, one.n, one.n_failed)
            found.scores[metric.name] = estimate
        elif scores:
            found.undefined[metric.name] = scores[0].reason
    return found
