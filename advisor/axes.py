"""Where the errors put a rung: points lost for want of knowledge, and for how it answers.

Pure; from the causes of loss that the harness counted.

Knowledge: the passage with the answer was not before the model, although one exists, or the same
model without passages gets right with the passage what it got wrong alone. Behaviour: wrong form,
refused, answered what nothing answers, did not use the passage, mixed up labels or fields. What
neither shows is not told apart, and is counted as that.
"""

from dataclasses import dataclass

from advisor.charts.losses import WORDS
from advisor.diagnosis_words import reads
from advisor.measured import TUNED
from advisor.numbers import capital, in_sentence
from harness.closed_answers import CLOSED
from harness.diagnosis.findings import Cause, GivenPassages, RungDiagnosis
from harness.diagnosis.slices import SMALLEST
from harness.experiment import Experiment

MOST_UNKNOWN = 0.5
"""Of the lost points; where more cannot be told apart a rung has no place."""
WRONG = {"label": "for labels taken for one another", "json": "for wrong fields"}
"""Wrong contents of the right form, as people say it; other kinds need the passage to tell."""
READ_WRONG = "because this model gets them wrong even with the right passage before it"
OTHER = "in small parts"
MANNER: tuple[Cause, ...] = ("form", "answered_anyway", "refused", "not_used")


@dataclass(frozen=True, slots=True)
class Split:
    """The lost score of a rung by what it was lost for; 0–1 each, of the most that can be scored.

    The three add up to what was lost.
    """

    knowledge: float
    behaviour: float
    unknown: float
    content: float = 0.0
    """Part of `behaviour`: of the right form, wrong, and not for want of knowledge."""
    why_knowledge: str = ""
    """How it is known; completes "N for want of knowledge: …"."""
    why_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """A rung between the two needs."""

    rung: str
    title: str
    split: Split
    points: tuple[int, int, int]
    """Lost for want of knowledge, for how it answers, and not told apart: whole points of 100."""
    why: str
    """In words, why it stands there."""

    @property
    def lost(self) -> int:
        """All lost points of 100."""
        return sum(self.points)

    @property
    def placed(self) -> bool:
        """Whether enough is known to give it a place."""
        split = self.split
        lost = split.knowledge + split.behaviour + split.unknown
        return split.unknown <= MOST_UNKNOWN * lost


def located(experiment: Experiment) -> tuple[Located, ...]:
    """Every rung with a score, in order of effort."""
    out = []
    for name, one in experiment.diagnostics.rungs.items():
        if name in experiment.rungs and one.score.mean is not None:
            found = split(experiment, name)
            points = whole_points(found)
            title = experiment.rungs[name].title
            why = _why(found, points, one, experiment.task.kind)
            out.append(Located(name, title, found, points, why))
    return tuple(out)


def shares(one: Located) -> tuple[float, float, float]:
    """Knowledge, behaviour, not told apart; 0–1 each."""
    return one.split.knowledge, one.split.behaviour, one.split.unknown


def split(experiment: Experiment, rung: str) -> Split:
    """The lost score of one rung by what it was lost for."""
    one, task = experiment.diagnostics.rungs[rung], experiment.task
    lost = {loss.cause: loss.share.mean or 0.0 for loss in one.losses}
    wrong = lost.get("wrong_content", 0.0)
    if reads(one):
        return Split(
            knowledge=lost.get("not_found", 0.0),
            behaviour=sum(lost.get(cause, 0.0) for cause in MANNER),
            unknown=wrong,
            why_knowledge="the passage was not found",
            why_unknown="it is not known whether the passage was there",
        )
    if task.kind in CLOSED and not task.n_documents:
        return Split(0.0, sum(lost.values()), 0.0, content=wrong)
    form = lost.get("form", 0.0) + lost.get("answered_anyway", 0.0)
    # without passages a refusal may well be right: it is as open as a wrong answer
    return _without_passages(form, wrong + lost.get("refused", 0.0), one, rung)


def _without_passages(manner: float, open_: float, one: RungDiagnosis, rung: str) -> Split:
    """A rung that reads nothing, judged by the same model with the passage before it."""
    untrained = None if rung in TUNED else one.given_passages
    found = one.own_reader or untrained
    if found is None or found.read.n < SMALLEST or not one.n:
        why = "no rung of the same model was measured with passages that are known to be right"
        return Split(0.0, manner, open_, why_unknown=why)
    mended, kept = _with_the_passage(found, one.n)
    knowledge = min(mended, open_)
    reading = min(kept, open_ - knowledge)
    return Split(
        knowledge=knowledge,
        behaviour=manner + reading,
        unknown=open_ - knowledge - reading,
        content=reading,
        why_knowledge="with the passage before it the same model does not lose them",
        why_unknown="no passage with the answer was found for it either",
    )


def _with_the_passage(found: GivenPassages, n: int) -> tuple[float, float]:
    """(score won back, score still lost) with the passage, as shares of all `n` questions."""
    own, read = found.own.mean or 0.0, found.read.mean or 0.0
    part = found.read.n / n
    return part * max(0.0, read - own), part * (1 - max(own, read))


def whole_points(found: Split) -> tuple[int, int, int]:
    """The three shares as whole points of 100 that add up to the rounded loss.

    Largest remainders: rounding each by itself may miss the sum by one.
    """
    shares = [100 * share for share in (found.knowledge, found.behaviour, found.unknown)]
    floors = [int(share + 1e-9) for share in shares]
    missing = round(sum(shares)) - sum(floors)
    order = sorted(range(3), key=lambda at: floors[at] - shares[at])
    for at in order[:missing]:
        floors[at] += 1
    knowledge, behaviour, unknown = floors
    return knowledge, behaviour, unknown


def _why(found: Split, points: tuple[int, int, int], one: RungDiagnosis, kind: str) -> str:
    knowledge, behaviour, unknown = points
    if not sum(points):
        return "Hardly a point was lost."
    told: list[str] = []
    if knowledge:
        told.append(f"{knowledge} for want of knowledge ({found.why_knowledge})")
    if behaviour:
        named_ones = MANNER if reads(one) or kind in CLOSED else ("form", "answered_anyway")
        causes = [WORDS[loss.cause] for loss in one.losses if loss.cause in named_ones]
        reading = min(behaviour, round(100 * found.content))
        if manner := behaviour - reading:
            told.append(f"{manner} for how it answers ({' and '.join(causes[:2]) or OTHER})")
        if reading:
            told.append(f"{reading} {WRONG.get(kind, READ_WRONG)}")
    if unknown:
        told.append(f"{unknown} that cannot be told apart ({found.why_unknown})")
    return f"Of 100 points {sum(points)} were lost: {', '.join(told)}."


def sentence(found: tuple[Located, ...]) -> str:
    """What knowledge was missing before and after; empty where no rung has a place."""
    if found and not any(one.split.knowledge + one.split.unknown for one in found):
        return "No point was lost for want of knowledge."
    told: list[str] = []
    for one in found:
        if one.placed:
            name = "the prompt alone" if one.rung == "prompt" else in_sentence(one.title)
            if told:
                told.append(f"with {name} {one.points[0]} of {one.lost}")
            else:
                told.append(
                    f"With {name} {one.points[0]} of {one.lost} lost points were for want of "
                    "knowledge"
                )
    left = [in_sentence(one.title) for one in found if not one.placed]
    text = f"{'; '.join(told)}." if told else ""
    if left:
        text += (
            f" {capital(', '.join(left))}: no place, for most of what was lost cannot be told "
            "apart."
        )
    return text.strip()
