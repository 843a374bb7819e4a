"""How like the house an answer reads, counted only so far as it says the right thing."""

from harness.content import content_kept, content_weight, facts_kept
from harness.manner import Manner, distinct, learn_manner
from harness.metric import GRADED, ItemScorer, Metric
from harness.text import holds
from harness.types import Answer, Example, Score, TaskSpec, TrainView


def learn(view: TrainView) -> ItemScorer:
    """Learn the manner from dev and from plain text, and which words carry content.

    Score = manner × content. Manner is the calibrated probability that the house wrote the text
    (`harness.manner`). Content is the share of the row's key facts that stand in the answer; where
    the row names none, 1 if the answer shares enough of the rarer words with a reference
    (`harness.content`) and else 0. So neither gibberish nor a closing phrase by itself scores.
    Where nothing answers the question, 1 for the task's own abstention and 0 for anything else.
    """
    language = view.spec.language
    house = distinct([e.references[0] for e in (*view.train, *view.dev) if e.references])
    weight = content_weight(house, language)
    manner = learn_manner(view)

    def content(example: Example, answer: Answer, spec: TaskSpec) -> float:
        kept = facts_kept(example, answer, spec)
        if kept is not None:
            return kept
        return float(content_kept(answer.text, example.references, weight, language))

    def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
        if not isinstance(manner, Manner):
            return Score(None, manner)
        if not example.answerable:
            return Score(float(holds(answer.text, spec.abstention, language)))
        kept = content(example, answer, spec)
        # the classifier is asked only where its word counts
        return Score(kept * manner.likeness([answer.text])[0] if kept else 0.0)

    return score


METRIC = Metric(
    "style_match_score",
    "right and in the house's manner",
    frozenset({"answer", "text"}),
    learn=learn,
    discordance=GRADED,
)
