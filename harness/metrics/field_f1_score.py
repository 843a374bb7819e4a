"""Overlap of fields with the right object."""

from harness.field_pairs import compare
from harness.json_answers import parse_object
from harness.metric import GRADED, Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """F1 over the fields of one object, the best over references; invalid JSON has none.

    2 S / (A + B) with S the fields in common, A those of the answer and B those of the reference.
    Items of a list are paired so that they have the most fields in common, whatever their order;
    a field counts only beside the others of its item. Null counts as absent. Validity is a metric
    of its own (`json_valid_score`).
    """
    value = parse_object(answer.text)
    if value is None:
        return Score(0.0)
    return Score(max((_f1(value, reference) for reference in example.references), default=0.0))


def _f1(value: object, reference: str) -> float:
    try:
        found = compare(value, parse_object(reference))
    except RecursionError:  # nested beyond all measure
        return 0.0
    total = found.said.total() + found.wanted.total()
    return 2 * found.shared.total() / total if total else 1.0


METRIC = Metric(
    "field_f1_score",
    "right fields",
    frozenset({"json"}),
    score,
    headline_for=frozenset({"json"}),
    discordance=GRADED,
)
