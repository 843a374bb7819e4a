"""Share of items on which answering or abstaining was the right choice."""

from harness.metric import Metric
from harness.text import holds
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when the model abstained exactly where nothing answers the question.

    Undefined for tasks in which abstaining is not asked for.
    """
    if not spec.abstention:
        return Score(None, "the task has no abstention sentence")
    abstained = holds(answer.text, spec.abstention, spec.language)
    return Score(float(abstained != example.answerable))


METRIC = Metric(
    "right_to_abstain_score", "answers, or declines, where it should", frozenset({"answer"}), score
)
