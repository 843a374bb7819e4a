"""Overlap of (path, value) pairs with the right object."""

from collections import Counter

from harness.json_answers import leaves, parse_object
from harness.metric import GRADED, Metric
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """F1 over (path, value) pairs of one object, the best over references; invalid JSON has none.

    Items of a list are compared by path without their position, so that the order of items costs
    nothing. Validity is a metric of its own (`json_valid_score`).
    """
    value = parse_object(answer.text)
    said = Counter(leaves(value)) if value is not None else Counter[tuple[str, str]]()
    best = 0.0
    for reference in example.references:
        wanted = Counter(leaves(parse_object(reference)))
        total = said.total() + wanted.total()
        if value is not None and total:
            best = max(best, 2 * (said & wanted).total() / total)
    return Score(best)


METRIC = Metric(
    "field_f1_score",
    "right fields",
    frozenset({"json"}),
    score,
    headline_for=frozenset({"json"}),
    discordance=GRADED,
)
