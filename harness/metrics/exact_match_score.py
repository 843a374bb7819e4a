"""Share of answers that equal a reference after normalisation."""

from harness.metric import Metric, references_of
from harness.text import normalise
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """SQuAD's exact match: case, punctuation and English articles do not count."""
    said = normalise(answer.text, spec.language)
    return Score(
        float(any(said == normalise(text, spec.language) for text in references_of(example, spec)))
    )


METRIC = Metric("exact_match_score", "same text", frozenset({"answer", "text"}), score)
