"""Share of answers that are as long as the house's answers are."""

from harness.metric import ItemScorer, Metric, only_abstains
from harness.types import Answer, Example, Score, TaskSpec, TrainView
from harness.wording import house_range, words_of


def learn(view: TrainView) -> ItemScorer:
    """1 within the 5th to 95th percentile of the training references' lengths in words, else 0.

    'I do not know' in the task's own words has the right length in every task.
    """
    lengths = [len(words_of(e.references[0])) for e in view.train if e.references]
    allowed = house_range(lengths) if lengths else None

    def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
        if allowed is None:
            return Score(None, "no training row has an answer")
        if only_abstains(answer, spec):
            return Score(1.0)
        return Score(float(allowed.low <= len(words_of(answer.text)) <= allowed.high))

    return score


METRIC = Metric("length_score", "as long as the house writes", frozenset({"answer", "text"}),
                learn=learn)  # fmt: skip
