"""Share of answers that are JSON and follow the schema."""

from harness.json_answers import follows_schema, parse_object
from harness.metric import Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 for a JSON value that the schema accepts; says nothing of whether the values are right."""
    value = parse_object(answer.text)
    return Score(float(value is not None and follows_schema(value, spec.schema)))


METRIC = Metric("json_valid_score", "valid by the schema", frozenset({"json"}), score)
