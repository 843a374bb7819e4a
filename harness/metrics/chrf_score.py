"""Overlap of character sequences with the closest reference."""

from harness.metric import GRADED, Metric, references_of
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """chrF2 as sacrebleu computes it (character 6-grams, beta 2), divided by 100.

    Kinder than word overlap to languages with many suffixes, Turkish among them.
    """
    from sacrebleu.metrics.chrf import CHRF

    references = list(references_of(example, spec))
    if not references:
        return Score(None, "no reference")
    return Score(float(CHRF().sentence_score(answer.text, references).score) / 100)


METRIC = Metric("chrf_score", "spelling close to the right answer", frozenset({"text"}), score,
                discordance=GRADED)  # fmt: skip
