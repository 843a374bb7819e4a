"""Saying 'I do not know' where no passage comes near a question: a bound chosen on dev."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.answering import Asked
from harness.choosing import CLEARLY, taken
from harness.scoring import row_scores
from harness.types import Answer, Example, Json
from harness.workbench import Workbench
from rag.index import Index

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Of the training questions with an answer: so many lie below each bound that is tried."""
FARTHEST = -1.0
"""The least a cosine can be."""
BOUND = "abstains_below"
"""Setting of a rung."""


class Bound(NamedTuple):
    """The closeness below which the task's own sentence is given, and what was tried."""

    value: float | None
    """A cosine; None: every question is put to the model."""
    settings: dict[str, Json]
    """Nothing where no bound was taken."""
    effort: dict[str, Json]


def closeness(index: Index, questions: Sequence[str]) -> list[float]:
    """Cosine of each question with the passage that is closest in meaning.

    Not the score that passages are ordered by: only cosines can be compared across questions.
    """
    found = index.using("dense").search(questions, 1)
    return [hits[0].score if hits else FARTHEST for hits in found]


def choose_bound(
    bench: Workbench,
    index: Index,
    train: Sequence[Example],
    dev: Sequence[Example],
    answers: Sequence[Answer],
) -> Bound:
    """Below which closeness to abstain; nothing unless dev's answers gain clearly.

    Asks the model nothing more: the answers on dev are those of the settings that were taken, and
    a bound only puts another text in their place. Bounds are read off the training questions that
    have an answer, so that dev is looked at for five candidates and not for one a question.

    Args:
        bench: task, metric and effort.
        index: that the rung looks passages up in.
        train: rows whose closeness says how near answered questions come.
        dev: rows that settings are chosen on.
        answers: to them; a question without one scores nothing, as elsewhere on dev. None at all
            where no setting had to be tried.
    """
    asked = [example.question for example in train if example.answerable]
    metric, spec = bench.metric, bench.spec
    decided = answers and asked and any(not example.answerable for example in dev)
    if not (bench.effort.abstains and spec.abstention and decided) or metric.item is None:
        return Bound(None, {}, {})
    near = sorted(closeness(index, asked))
    here = closeness(index, [example.question for example in dev])

    def scores(given: Sequence[Answer]) -> list[float]:
        return [one or 0.0 for one in row_scores(metric, dev, given, spec)]

    as_is = scores(answers)
    never = scores([Answer(example.id, spec.abstention) for example in dev])
    bounds = [round(near[int(share * len(near))], 4) for share in SHARES]
    after = [
        [n if c < bound else a for a, n, c in zip(as_is, never, here, strict=True)]
        for bound in bounds
    ]
    tried = [
        {BOUND: bound, "dev_score": round(sum(rows) / len(rows), 4)}
        for bound, rows in zip(bounds, after, strict=True)
    ]
    best = [None, *bounds][taken([as_is, *after], CLEARLY)]
    settings: dict[str, Json] = {} if best is None else {BOUND: best}
    return Bound(best, settings, {"abstaining_tried": tried})


def split_off(
    bench: Workbench, index: Index, asked: Sequence[Asked], bound: float | None, timed: int
) -> tuple[list[Answer], list[Asked], int]:
    """Questions that are abstained from without the model, and those that go to it.

    Args:
        bench: the task.
        index: that the rung looks passages up in.
        asked: questions with their passages.
        bound: a cosine; None puts every question to the model.
        timed: so many of the first questions are timed.

    Returns:
        Finished answers; what is left to ask; how many of the first of these are timed.
    """
    if bound is None:
        return [], list(asked), timed
    near = closeness(index, [one.query.text for one in asked])
    # words alone need no vector of the question, closeness does
    more = 0.0 if index.retriever.embeds else bench.embedding_s
    done, left = [], []
    for place, (one, close) in enumerate(zip(asked, near, strict=True)):
        if close < bound:
            took = one.seconds + more if place < timed else None
            done.append(Answer(one.query.id, bench.spec.abstention, one.contexts, latency_s=took))
        else:
            left.append(one._replace(seconds=one.seconds + more))
    return done, left, timed - sum(answer.latency_s is not None for answer in done)


def bound_of(settings: Mapping[str, Json]) -> float | None:
    """The bound that an earlier process chose; None also in runs from before there was one."""
    found = settings.get(BOUND)
    return None if found is None else float(str(found))
