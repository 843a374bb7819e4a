"""How near an answer's reading ease is to that of the house's answers."""

from harness.metric import GRADED, ItemScorer, Metric, only_abstains
from harness.types import Answer, Example, Score, TaskSpec, TrainView
from harness.wording import READABLE, house_range, reading_ease


def learn(view: TrainView) -> ItemScorer:
    """1 within the 5th to 95th percentile of the training references' reading ease.

    Outside it falls to 0 at a whole width of that range from its edge. Flesch's formula for
    English, Ateşman's for Turkish; undefined for languages that none was made for. 'I do not know'
    in the task's own words reads as it should in every task.
    """
    language = view.spec.language
    known = language in READABLE
    found = [reading_ease(e.references[0], language) for e in view.train if e.references and known]
    values = [value for value in found if value is not None]
    allowed = house_range(values) if values else None

    def score(example: Example, answer: Answer, spec: TaskSpec) -> Score:
        if not known:
            return Score(None, f"there is no formula of reading ease for language {language!r}")
        if allowed is None:
            return Score(None, "no training row has an answer")
        if only_abstains(answer, spec):
            return Score(1.0)
        ease = reading_ease(answer.text, language)
        return Score(allowed.nearness(ease) if ease is not None else 0.0)

    return score


METRIC = Metric(
    "readability_score",
    "as easy to read as the house writes",
    frozenset({"answer", "text"}),
    learn=learn,
    discordance=GRADED,
)
