"""Full tuning: whether training all weights would have done better than the adapter.

The same rows, seeds, passes and number of learning rates tried on dev; the rates themselves are a
tenth of the adapter's, which is where they are best ("LoRA Without Regret", Thinking Machines
2025). Published ratios of the two scores reach from 67 to 97 % (Biderman et al. 2024, arXiv
2405.09673), with the task: so it is measured on this one.
"""

import dataclasses
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from harness.clusters import clusters_of
from harness.compare import paired
from harness.diagnosis.material import item_metric
from harness.experiment import Estimate
from harness.intervals import mean_interval
from harness.metric import fitted
from harness.probe import Change, Measure
from harness.rungs import title_of
from harness.scoring import item_scores
from harness.stats.joint import joint_means
from harness.stats.scores import Clusters
from harness.trained import (
    ALL,
    Bed,
    Case,
    CellTested,
    Finding,
    Item,
    Job,
    Material,
    RungTested,
    Spent,
    TrainedProbe,
    estimate_of,
)
from harness.types import Answer, Example, Preparation
from tuning.recipe import TuningSettings

TENTH = 10.0
PART = "heldout"
BATCH = 16
SHOWN = 12
"""Answers shown one by one."""

Rows = list[list[float | None]]
"""A row of scores a seed."""


def jobs(bed: Bed) -> list[Job]:
    """The held-out questions, asked of the rung with all weights trained."""
    # drawn, for a file that came in some order would give questions of one kind
    n = len(bed.queries)
    places = random.Random(bed.seed).sample(range(n), min(bed.count, n))
    asked = [bed.queries[at] for at in sorted(places)]

    def do(ids: Sequence[str]) -> Iterator[list[Item]]:
        rung = bed.train(bed.view, of_all_weights(bed.bench.tuning))
        wanted = set(ids)
        given = rung.answer([query for query in asked if query.id in wanted], 0)
        while batch := list(islice(given, BATCH)):
            yield [
                Item(one.query_id, PART, False, text=one.text)
                if isinstance(one, Answer)
                else Item(one.query_id, PART, False, failed=one.message)
                for one in batch
            ]

    return [Job(PART, False, tuple(query.id for query in asked), do, {}, trains=True)]


def of_all_weights(given: TuningSettings) -> TuningSettings:
    """The user's settings for the other method; a learning rate that they decided is divided."""
    rate = None if given.learning_rate is None else given.learning_rate / TENTH
    return dataclasses.replace(given, method="full", rank=None, alpha=None, learning_rate=rate)


def measure(material: Material) -> RungTested:
    """All weights against the adapter, question by question; the ratio of their scores."""
    spec, name = material.view.spec, material.cells[0].rung
    asked = {item.id for cell in material.cells for item in cell.items}
    rows = tuple(row for row in material.heldout if row.id in asked)
    metric, clusters = fitted(item_metric(spec), material.view), clusters_of(rows)

    def scores(answers: Sequence[Answer]) -> list[float | None]:
        known = {answer.query_id: answer for answer in answers}
        return [one.value for one in item_scores(metric, rows, known, spec)]

    adapter = [scores(cell.answers) for cell in material.checked]
    full = [scores(answers_of(cell)) for cell in material.cells]
    found = paired(full, adapter, margin=material.margin, clusters=clusters)
    verdict = found.verdict
    if not metric.higher_is_better and verdict in ("better", "worse"):
        verdict = "worse" if verdict == "better" else "better"
    failed = sum(bool(item.failed) for cell in material.cells for item in cell.items)
    value, before = (mean_interval(one, clusters) for one in (full, adapter))
    change = Change(found.difference, found.low, found.high, found.n, verdict)
    undefined = Estimate(None, None, None, 0, 0)
    share = undefined
    if metric.higher_is_better and before.mean is not None and value.mean:
        share = ratio(adapter, full, clusters, before.mean / value.mean)
    note = "" if share.mean is not None else "it has no meaning here"
    return RungTested(
        title=title_of(name),
        seeds=tuple(cell.seed for cell in material.cells),
        level=verdict,
        overall=None,
        found={
            "score": Finding(
                estimate_of(value, failed), estimate_of(before), change=change, note=metric.title
            ),
            "ratio": Finding(share, note=note),
        },
        cases=_cases(material, rows, (adapter[0], full[0])),
        n_failed=failed,
        spent=(
            Spent(
                _mean([one_training(cell.preparation) for cell in material.checked]),
                _most([cell.peak_memory_bytes for cell in material.checked]),
            ),
            Spent(
                _mean([one_training(cell.trained) for cell in material.cells]),
                _most([cell.peak_memory_bytes for cell in material.cells]),
            ),
        ),
    )


def answers_of(cell: CellTested) -> list[Answer]:
    """What was answered, without what failed."""
    return [Answer(item.id, item.text) for item in cell.items if not item.failed]


def ratio(adapter: Rows, full: Rows, clusters: Clusters | None, mean: float) -> Estimate:
    """The adapter's mean score as a share of full tuning's, with its 95 % interval.

    Quantiles of a bootstrap over questions (`harness.stats.joint`), both scores drawn together.

    Args:
        adapter: scores of each seed.
        full: of each seed, the same questions.
        clusters: what each question belongs to.
        mean: the ratio itself.

    Returns:
        Undefined where full tuning may have scored nothing.
    """
    drawn = joint_means({"adapter": adapter, "full": full}, clusters=clusters)
    n = len(full[0])
    if not (drawn[:, 1] > 0).all():
        return Estimate(None, None, None, n, 0)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return Estimate(mean, min(mean, float(low)), max(mean, float(high)), n, 0)


def one_training(prepared: Preparation | None) -> float | None:
    """Seconds of the one training that was kept, its looks at dev included."""
    if prepared is None:
        return None
    tried: Any = prepared.effort.get("tried", [])
    rate = prepared.settings.get("learning_rate")
    return next((float(one["seconds"]) for one in tried if one["learning_rate"] == rate), None)


def _mean(some: Sequence[float | None]) -> float | None:
    known = [one for one in some if one is not None]
    return sum(known) / len(known) if known else None


def _most(some: Sequence[int | None]) -> int | None:
    return max((one for one in some if one is not None), default=None)


def _cases(
    material: Material, rows: Sequence[Example], scores: tuple[Sequence[float | None], ...]
) -> tuple[Case, ...]:
    """Questions whose score differs most, of the first seed."""
    before = {answer.query_id: answer.text for answer in material.checked[0].answers}
    now = {item.id: item.text for item in material.cells[0].items if not item.failed}
    found = [
        (abs(full - adapter), Case(material.cells[0].rung, "score", row.question, before[row.id],
                                   now[row.id]))
        for row, adapter, full in zip(rows, *scores, strict=True)
        if adapter is not None and full is not None and adapter != full
    ]  # fmt: skip
    found.sort(key=lambda one: -one[0])
    return tuple(case for _, case in found[:SHOWN])


PROBE = TrainedProbe(
    name="full_tuning",
    title="An adapter, or all weights",
    what=(
        "Each rung that trained an adapter is trained again, all weights of the model this time, "
        "and asked the held-out questions: would that have done better?"
    ),
    unit="question",
    default=ALL,
    base_apart=False,
    trains=True,
    jobs=jobs,
    measure=measure,
    measures=(
        Measure("score", "All weights", "Mean score on the held-out questions."),
        Measure(
            "ratio",
            "Adapter's share of it",
            "The adapter's score as a share of the score with all weights: 100 % is equally good.",
        ),
    ),
    facts=(
        "Same training rows, seeds, passes over the data, rows a step and number of learning rates "
        "tried on dev. The learning rates are those usual for all weights, a tenth of an adapter's "
        "usual ones. An adapter of few steps takes more, up to three times; whether all weights "
        "would gain by that, too, was not tried.",
        "The held-out questions were asked once more a seed, after the check and without choosing "
        "anything by them, so what the check found stands. The model is thrown away: to keep one, "
        'write method = "full" under [tuning] in rungwise.toml and check again.',
        "Seconds are those of the one training that was kept, on this machine.",
    ),
)
