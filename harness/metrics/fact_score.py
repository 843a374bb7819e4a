"""Share of the facts that a right answer must contain."""

from harness.content import facts_kept
from harness.metric import Metric
from harness.text import holds
from harness.types import Answer, Example, Score, TaskSpec


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """Share of the row's key facts that stand in the answer, whole words after normalisation.

    Where nothing answers the question, 1 for abstaining and 0 for anything else. An abstention on
    an answerable question holds no fact and so gets 0. Wording and manner do not count here: a fact
    in clumsy words is right, a smooth sentence with a wrong figure is not.
    """
    if not example.answerable:
        return Score(float(holds(answer.text, spec.abstention, spec.language)))
    kept = facts_kept(example, answer, spec)
    return Score(kept, "" if kept is not None else "the row names no key facts")


METRIC = Metric("fact_score", "right facts", frozenset({"answer", "text"}), score)
