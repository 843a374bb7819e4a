"""What the answers of a learning curve say: stored answers in, a result out. Nothing is trained."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.cell import parse_cell
from harness.clusters import clusters_of
from harness.diagnosis.material import item_metric
from harness.effort import effort_of
from harness.experiment import Estimate
from harness.intervals import mean_interval
from harness.learning.fit import LEAST_SIZES, Foretold, foretell, verdict_of
from harness.learning.result import (
    SCHEMA,
    CurvePlan,
    CurvePoint,
    CurveResult,
    MoreData,
    plan_of,
    rows_of,
)
from harness.learning.subsets import subset
from harness.metric import Metric, fitted
from harness.rungs import title_of
from harness.scoring import headline, item_scores
from harness.store import Cell, Run
from harness.types import Example, TaskSpec, TrainView


class Yardstick(NamedTuple):
    """How answers are scored, and on what."""

    spec: TaskSpec
    heldout: tuple[Example, ...]
    metric: Metric
    clusters: Sequence[str] | None


class Size(NamedTuple):
    """The finished trainings of one size."""

    rows: int
    """Wanted."""
    cells: tuple[Cell, ...]


def measured(run: Run, store: Run, failed: Mapping[str, str]) -> CurveResult:
    """What the stored answers say, those of the check on all rows among them."""
    curve, plan = plan_of(store), run.plan()
    assert curve is not None  # begin has written it
    view, heldout = run.view(), run.heldout()
    metric = fitted(item_metric(plan.spec), view)
    by = Yardstick(plan.spec, heldout, metric, clusters_of(heldout))
    sizes = _sizes(run, store, curve)
    scores = {size.rows: _scores(size, by) for size in sizes}
    points = tuple(_point(size, scores[size.rows], view, by, run) for size in sizes)
    found = _foretold(points, [scores[size.rows] for size in sizes], by, curve)
    own = [store.cell(cell) for cell in curve.cells if store.finished(cell)]
    cells = [cell for size in sizes for cell in size.cells]
    verdict: MoreData = "none" if found is None else verdict_of(found, plan.margin)
    return CurveResult(
        schema=SCHEMA,
        run=run.name,
        created=curve.created,
        fingerprint=curve.fingerprint,
        rung=curve.rung,
        title=title_of(curve.rung),
        metric=metric.name,
        metric_title=metric.title,
        higher_is_better=metric.higher_is_better,
        margin=plan.margin,
        n_heldout=len(heldout),
        points=points,
        foretold=found,
        verdict=verdict,
        failed=dict(failed),
        n_failed=sum(len(cell.failures) for cell in cells),
        facts=_facts(curve, by, len(own)),
        seconds=sum(cell.preparation.seconds + cell.answer_s for cell in own),
    )


def _sizes(run: Run, store: Run, curve: CurvePlan) -> list[Size]:
    found = []
    for count in curve.counts:
        cells = [store.cell(c) for c in curve.cells if rows_of(c) == count and store.finished(c)]
        if count == curve.counts[-1]:
            cells = [*(run.cell(cell) for cell in curve.taken), *cells]
        if cells:
            found.append(Size(count, tuple(cells)))
    return found


Rows = list[list[float | None]]
"""A row of scores a seed."""


def _scores(size: Size, by: Yardstick) -> Rows:
    rows = []
    for cell in size.cells:
        answers = {answer.query_id: answer for answer in cell.answers}
        rows.append([one.value for one in item_scores(by.metric, by.heldout, answers, by.spec)])
    return rows


def _point(size: Size, scores: Rows, view: TrainView, by: Yardstick, run: Run) -> CurvePoint:
    interval = mean_interval(scores if len(scores) > 1 else scores[0], by.clusters)
    rows = [len(subset(view.train, by.spec.kind, size.rows, one.seed)) for one in size.cells]
    asked = {example.id for example in by.heldout}
    answered = [{a.query_id for a in cell.answers} for cell in size.cells]
    failed = sum(any(one not in given for given in answered) for one in asked)
    plan, settings = run.plan(), size.cells[0].preparation.settings
    batch, passes = settings.get("batch_rows"), effort_of(plan.effort, plan.tuning).epochs
    mean = sum(rows) / len(rows)
    return CurvePoint(
        rows=mean,
        score=Estimate(interval.mean, interval.low, interval.high, interval.n, failed),
        seeds=tuple(parse_cell(cell.cell)[1] for cell in size.cells),
        by_seed=tuple(_mean(row) for row in scores),
        steps=None if not batch else max(1, round(passes * math.ceil(mean / batch))),
    )


def _mean(row: Sequence[float | None]) -> float | None:
    known = [value for value in row if value is not None]
    return sum(known) / len(known) if known else None


def _foretold(
    points: Sequence[CurvePoint], scores: Sequence[Rows], by: Yardstick, curve: CurvePlan
) -> Foretold | None:
    """None where there is too little to fit."""
    if len(points) < LEAST_SIZES or points[-1].rows < curve.counts[-1]:
        return None
    arrays = [np.array(one, dtype=np.float64) for one in scores]  # None becomes nan
    if not np.logical_and.reduce([~np.isnan(one).any(axis=0) for one in arrays]).any():
        return None
    errors = [1 - one for one in arrays] if by.metric.higher_is_better else arrays
    return foretell([point.rows for point in points], errors, by.clusters, curve.factor)


def _facts(curve: CurvePlan, by: Yardstick, trained: int) -> tuple[str, ...]:
    """What is fair about it and what it cannot say."""
    told = [
        "Every size was trained by the recipe that the check had ended with: rank, rows a step and "
        "passes over the data are the same. Fewer rows also mean fewer steps, for which the "
        "learning rate is raised as a check of so few rows would do, unless it was set. Which "
        "state to keep, and whether to allow only valid answers, each training chose on dev.",
        "Smaller sets are parts of larger ones; groups stay together, labels keep their shares.",
        f"The held-out questions were asked {trained:,} more times, after the check and without "
        "choosing anything by them, so what the check found stands. The dev rows would not do: "
        "each training keeps the state that is best on them, and they are few. If you get more "
        "data because of this, hold out new questions for the next check.",
        f"Nothing is estimated beyond {curve.factor:g} times the rows, and only for more rows of "
        "the same kind: other rows may bring more, or nothing. A curve of fine-tuning can begin "
        "flat and fall later; a forecast cannot see that.",
    ]
    if headline(by.spec).name != by.metric.name:
        told.append(
            f"Measured with {by.metric.title}, since the check's headline is computed over all "
            "questions together and a curve needs scores question by question."
        )
    return tuple(told)
