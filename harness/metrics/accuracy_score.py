"""Share of right labels."""

from harness.metric import Metric, references_of
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 for exactly the right label, else 0; surrounding space and case do not count.

    A text outside the label set is wrong, not undefined: whoever uses the label would be let down.
    """
    said = answer.text.strip().casefold()
    return Score(float(any(said == label.casefold() for label in references_of(example, spec))))


METRIC = Metric(
    "accuracy_score", "right label", frozenset({"label"}), score, headline_for=frozenset({"label"})
)
