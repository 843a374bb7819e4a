"""Longest common subsequence of words with the closest reference."""

from harness.metric import GRADED, Metric, references_of
from harness.text import tokens
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """ROUGE-L F1 without stemming, the best over references (Lin 2004).

    With L the length of the longest common subsequence: P = L / said, R = L / reference.
    """
    from rapidfuzz.distance import LCSseq

    said = tokens(answer.text, spec.language)
    best = None
    for text in references_of(example, spec):
        wanted = tokens(text, spec.language)
        total = len(said) + len(wanted)
        value = 2 * LCSseq.similarity(said, wanted) / total if total else 1.0
        best = value if best is None else max(best, value)
    return Score(best, "" if best is not None else "no reference")


METRIC = Metric(
    "rouge_l_score",
    "wording close to the right answer",
    frozenset({"text", "answer"}),
    score,
    headline_for=frozenset({"text"}),
    discordance=GRADED,
)
