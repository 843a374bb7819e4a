"""Share of answers that contain a reference, whatever stands around it."""

from harness.metric import Metric, references_of
from harness.text import holds
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when a reference stands in the answer as whole words.

    Fair to models that answer in sentences where the reference is a phrase; blind to contradiction
    around it, so never the only metric.
    """
    wanted = references_of(example, spec)
    return Score(float(any(holds(answer.text, text, spec.language) for text in wanted)))


METRIC = Metric("contains_score", "right answer is in it", frozenset({"answer"}), score)
