"""Share of answers that use the words they must and none that they must not."""

from harness.metric import Metric, only_abstains
from harness.types import Answer, Example, Score, TaskSpec
from harness.wording import broken_rules


def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
    """1 when every rule of the task's word lists is kept; undefined for a task without lists.

    'I do not know' in the task's own words keeps them in every task.
    """
    if not spec.must_use and not spec.must_not_use:
        return Score(None, "the task names no words that must or must not be used")
    if only_abstains(answer, spec):
        return Score(1.0)
    return Score(float(not broken_rules(answer.text, spec)))


METRIC = Metric("lexicon_score", "keeps the word lists", frozenset({"answer", "text"}), score)
