"""Share of answers that are a label at all, right or wrong."""

from harness.metric import Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when the text is one of the task's labels; kept apart from whether it is the right one."""
    said = answer.text.strip().casefold()
    return Score(float(any(said == label.casefold() for label in spec.labels)))


METRIC = Metric("valid_label_score", "a label from the list", frozenset({"label"}), score)
