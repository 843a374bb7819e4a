"""Overlap of words with the closest reference."""

from harness.content import overlap
from harness.metric import GRADED, Metric, references_of
from harness.text import tokens
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """SQuAD's F1 over bags of normalised words, the best over references.

    P = shared / said, R = shared / reference, F1 = 2 P R / (P + R). Two empty texts agree.
    """
    said = tokens(answer.text, spec.language)
    wanted = [tokens(text, spec.language) for text in references_of(example, spec)]
    if not wanted:
        return Score(None, "no reference")
    return Score(max(overlap(said, reference) for reference in wanted))


METRIC = Metric(
    "token_f1_score",
    "words shared with the right answer",
    frozenset({"answer", "text"}),
    score,
    headline_for=frozenset({"answer"}),
    discordance=GRADED,
)
