"""What a diagnosis looks at, and the counting that all its parts share."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.ceilings import CEILINGS
from harness.diagnosis.findings import Share
from harness.diagnosis.overfitting import curve_of
from harness.diagnosis.subject import Rows, Subject
from harness.intervals import mean_interval
from harness.metric import Metric
from harness.metrics import metric
from harness.scoring import default_metric, headline
from harness.store import Cell
from harness.types import Example, TaskSpec

OVERLAP = ("token_f1_score", "rouge_l_score", "chrf_score")
"""Metrics on which a right answer in other words stays below 1."""
RIGHT_OVERLAP = 0.5
"""Score from which an answer counts as right there: it shares more than it lacks. Everywhere else
right means full marks, as it does on all pages."""

Tables = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""Cell to metric to question to score."""


@dataclass(frozen=True)
class Material:
    """A run with its answers scored."""

    spec: TaskSpec
    heldout: tuple[Example, ...]
    train: tuple[Example, ...]
    clusters: Sequence[str] | None
    """What each held-out question belongs to."""
    metric: Metric
    """Scores items one by one."""
    subjects: Mapping[str, Subject]
    """Rungs in order of effort."""
    ceilings: Mapping[str, Subject] = field(default_factory=dict)
    """A rung that reads to the same reader with the right passage handed over."""

    def share(self, rows: Rows) -> Share:
        """The mean of values in 0..1 with its interval; questions of one document as one."""
        return share(rows, self.clusters)


def material_of(
    spec: TaskSpec,
    heldout: Sequence[Example],
    train: Sequence[Example],
    cells: Mapping[str, Iterable[Cell]],
    tables: Tables,
    clusters: Sequence[str] | None,
) -> Material:
    """A run's answers and scores, put in order.

    Args:
        spec: of the task.
        heldout: with references.
        train: rows that rungs learned from.
        cells: of each rung, in order of effort, and of ceilings.
        tables: scores of every cell.
        clusters: what each held-out question belongs to.
    """
    chosen, items = item_metric(spec), tuple(heldout)

    def score(cell: Cell, example: Example) -> float | None:
        found = tables[cell.cell][chosen.name][example.id]
        return found if found is None or chosen.higher_is_better else 1.0 - found

    subjects = {}
    for name, found in cells.items():
        some = tuple(found)
        subjects[name] = Subject(
            name=name,
            spec=spec,
            heldout=items,
            answers=tuple({answer.query_id: answer for answer in cell.answers} for cell in some),
            scores=tuple(tuple(score(cell, example) for example in items) for cell in some),
            right_from=right_from(chosen.name),
            curves=tuple(curve_of(cell.preparation) for cell in some),
        )
    ceilings = {
        CEILINGS[name].reader: subjects.pop(name) for name in list(subjects) if name in CEILINGS
    }
    return Material(spec, items, tuple(train), clusters, chosen, subjects, ceilings)


def item_metric(spec: TaskSpec) -> Metric:
    """The headline metric; where that is computed over all items together, its kind's default."""
    first = headline(spec)
    return first if first.whole is None else metric(default_metric(spec.kind))


def right_from(name: str) -> float:
    """Score from which an answer counts as right under a metric."""
    return RIGHT_OVERLAP if name in OVERLAP else 1.0


def share(rows: Rows, clusters: Sequence[str] | None = None) -> Share:
    """The mean of values in 0..1 with its 95 % interval; undefined where all are left out."""
    found = mean_interval(rows, clusters)
    return Share(found.mean, found.low, found.high, found.n)


def difference_of(a: Share, b: Share) -> Share:
    """The first less the second, of different questions; undefined where one of them is.

    Newcombe's hybrid interval (1998, method 10): each side's distance to its own bound, added in
    quadrature.
    """
    if a.mean is None or a.low is None or a.high is None:
        return Share()
    if b.mean is None or b.low is None or b.high is None:
        return Share()
    mean = a.mean - b.mean
    return Share(
        mean,
        mean - math.hypot(a.mean - a.low, b.high - b.mean),
        mean + math.hypot(a.high - a.mean, b.mean - b.low),
        a.n + b.n,
    )
