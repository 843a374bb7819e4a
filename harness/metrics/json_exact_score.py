"""Share of answers that are exactly the right object."""

import json

from harness.json_answers import parse_object
from harness.metric import Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when every value is right and none is missing or extra; key order does not count."""
    value = parse_object(answer.text)
    return Score(
        float(value is not None and any(value == json.loads(r) for r in example.references))
    )


METRIC = Metric("json_exact_score", "whole object right", frozenset({"json"}), score)
