"""Share of answers that are exactly the right object."""

from harness.json_answers import canonical, parse_object
from harness.metric import Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when every value is right and none is missing or extra; key order does not count."""
    value = parse_object(answer.text)
    if value is None:
        return Score(0.0)
    wanted = (canonical(parse_object(reference)) for reference in example.references)
    return Score(float(canonical(value) in wanted))


METRIC = Metric("json_exact_score", "whole object right", frozenset({"json"}), score)
