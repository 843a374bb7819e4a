"""Fact and manner of every rung side by side, as rows of text. Pure; figures are the harness's."""

from collections.abc import Mapping
from typing import NamedTuple

from advisor.numbers import interval, percent
from harness.experiment import Estimate, Experiment
from harness.metrics import metrics
from harness.scoring import default_metric
from harness.types import KINDS

TITLE = "What it says, and how it says it"
FACTS, MANNER, LENGTH, EASE, WORDS = (
    "fact_score", "style_match_score", "length_score", "readability_score", "lexicon_score",
)  # fmt: skip
HOW: Mapping[str, str] = {
    MANNER: "Says it as the house would",
    LENGTH: "As long",
    EASE: "As easy to read",
    WORDS: "Word lists kept",
}
"""Metrics of how it is said, in the order they are shown, and their heads."""
MEANT: Mapping[str, str] = {
    MANNER: (
        "Says it as the house would: how likely it is that the house wrote the answer and not "
        "somebody plain, counted only as far as the answer says the right thing. It was learned "
        "from the dev answers, which no adapter is trained on, against the sentences of the "
        "documents, the questions, and the house's own words out of order."
    ),
    LENGTH: "As long: within the middle nine tenths of the training answers, in words.",
    EASE: (
        "As easy to read: by a formula of word and sentence length, 100 % within the middle nine "
        "tenths of the training answers."
    ),
    WORDS: "Word lists kept: must_use and must_not_use under [task], every entry.",
}
RIGHT = "The right answers themselves"


class Voice(NamedTuple):
    """A small table and what its columns mean."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Rungs in order of effort, then the right answers."""
    notes: tuple[str, ...]


def voice(experiment: Experiment) -> Voice | None:
    """Content beside manner for every rung.

    None for tasks without a manner (labels, JSON) and for runs from before it was measured.
    """
    arms = [(arm.title, arm.scores) for arm in experiment.rungs.values()]
    there = {name for _, scores in arms for name in scores}
    shown = [name for name in HOW if name in there]
    if not shown:
        return None
    what = _content(experiment, there)
    title = metrics()[what].title
    columns = [what, *shown]
    if experiment.right_answers:
        arms.append((RIGHT, experiment.right_answers))
    notes = [MEANT[name] for name in shown]
    if MANNER not in there and MANNER in experiment.undefined:
        notes.insert(0, f"The manner has no score: {experiment.undefined[MANNER]}.")
    if experiment.right_answers:
        notes.append(f"{RIGHT} show how high a score can be expected.")
    return Voice(
        head=("Rung", title[0].upper() + title[1:], *(HOW[name] for name in shown)),
        rows=tuple((name, *(_score(scores, one) for one in columns)) for name, scores in arms),
        notes=tuple(notes),
    )


def _content(experiment: Experiment, there: set[str]) -> str:
    """The metric of what is said: facts where rows name them, else the headline of it."""
    if FACTS in there:
        return FACTS
    if experiment.task.metric not in HOW:
        return experiment.task.metric
    return default_metric(next(kind for kind in KINDS if kind == experiment.task.kind))


def _score(scores: Mapping[str, Estimate], metric: str) -> str:
    found = scores.get(metric)
    if found is None or found.mean is None:
        return "–"
    return f"{percent(found.mean)} ({interval(found.low, found.high)})"
