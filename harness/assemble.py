"""Finished cells to an experiment: scores, intervals, paired comparisons, fairness."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from harness.ceilings import CEILINGS, arm_title
from harness.cell import INDEX, cell_name, parse_cell
from harness.clusters import clusters_of
from harness.compare import corpus_interval
from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.material import material_of
from harness.disk import write_json
from harness.experiment import (
    ArmResult,
    DidNotFit,
    Estimate,
    Experiment,
    TaskFacts,
)
from harness.fairness import fairness
from harness.family import Family, items_of, over_all
from harness.floors import FLOORS
from harness.intervals import mean_interval
from harness.latency import latency_of
from harness.metric import Metric
from harness.pair_scores import pair_result
from harness.right_answers import right_answers
from harness.rungs import rungs
from harness.same_prompt import as_one
from harness.scoring import Table, mean_of, mean_score, scorers_for, table_of
from harness.showing import showing
from harness.store import SCHEMA, Cell, Plan, Run
from harness.types import Example, TaskSpec, TrainView

INDEXING = cell_name(INDEX, 0)


class Arm(NamedTuple):
    """All seeds of one rung, floor or ceiling."""

    name: str
    cells: tuple[Cell, ...]


def assemble(run: Run, failed: Mapping[str, str]) -> Experiment:
    """Everything that was measured in a run, without a verdict.

    Per-item scores are written beside it, so that pages and reports need not compute them.

    Args:
        run: at least one of its cells is finished.
        failed: cells that ended in an error, with the message.
    """
    plan, heldout, view = run.plan(), run.heldout(), run.view()
    arms = _arms(run, plan)
    spec = plan.spec
    clusters = clusters_of(heldout)
    cells = [cell for arm in arms.values() for cell in arm.cells]
    # learned once, from train and dev: every arm is measured with the same yardstick
    scorers = scorers_for(view)
    tables = {cell.cell: table_of(cell.answers, heldout, spec, scorers) for cell in cells}
    write_json(run.folder / "scores.json", tables)
    metric = scorers[0]
    results = {
        name: _result(arm, heldout, spec, tables, clusters, scorers) for name, arm in arms.items()
    }
    ladder = [name for name in results if name not in FLOORS and name not in CEILINGS]
    scored = [name for name in ladder if results[name].scores[metric.name].mean is not None]
    planned = list(dict.fromkeys(rung for rung in map(rung_of, plan.cells) if rung in rungs()))
    rows = {name: _rows(metric, arm, heldout, tables) for name, arm in arms.items()}
    family = Family(rows, metric, spec, plan.margin, clusters)
    best_floor = _best([name for name in results if name in FLOORS], results, metric.name)
    right = right_answers(heldout, spec, scorers, clusters)
    answered = {name: arm.cells for name, arm in arms.items() if name not in FLOORS}
    material = material_of(spec, heldout, view.train, answered, tables, clusters)
    return Experiment(
        schema=SCHEMA,
        run=run.name,
        created=plan.created,
        task=_facts(plan, metric, heldout, view, len(planned)),
        model=_model_facts(plan, cells),
        environment=plan.environment,
        rungs={name: results[name] for name in ladder},
        floors={name: result for name, result in results.items() if name in FLOORS},
        ceilings={name: result for name, result in results.items() if name in CEILINGS},
        comparisons=as_one(family.of_rungs(ladder, scored, len(planned)), results),
        floor_contrasts=family.against_floor(ladder, best_floor),
        skipped=dict(plan.skipped),
        failed=dict(failed),
        diagnostics=diagnose(material),
        fairness=fairness(
            run, plan, cells, heldout, {name: one.right for name, one in material.subjects.items()}
        ),
        seconds=sum(cell.preparation.seconds + cell.answer_s for cell in cells),
        not_run=_left_out(plan, planned, {*ladder, *map(rung_of, failed)}),
        right_answers=right.scores,
        undefined=right.undefined,
        pairs=pair_result(run, view, cells),
        index_s=run.cell(INDEXING).preparation.seconds if run.finished(INDEXING) else None,
    )


def _facts(
    plan: Plan, metric: Metric, heldout: Sequence[Example], view: TrainView, n_rungs: int
) -> TaskFacts:
    shows = showing(heldout, plan.spec)
    return TaskFacts(
        name=plan.spec.name,
        kind=plan.spec.kind,
        metric=metric.name,
        metric_title=metric.title,
        language=plan.spec.language,
        n_train=len(view.train),
        n_dev=len(view.dev),
        n_heldout=len(heldout),
        n_unanswerable=sum(not example.answerable for example in heldout),
        n_documents=len({document.source for document in view.documents}),
        fingerprint=plan.fingerprint,
        margin=plan.margin,
        target=plan.target,
        groups=shows.groups,
        detectable=shows.smallest(n_rungs) if n_rungs > 1 else None,
    )


def rung_of(cell: str) -> str:
    """The rung, floor or ceiling of a cell's name."""
    return parse_cell(cell)[0]


def headline_estimate(
    arm: Arm, metric: Metric, heldout: Sequence[Example], spec: TaskSpec
) -> Estimate:
    """A finished arm's headline score, all its seeds together.

    Args:
        arm: every cell of it.
        metric: the headline, ready to score.
        heldout: with references.
        spec: the task.
    """
    tables = {cell.cell: table_of(cell.answers, heldout, spec, [metric]) for cell in arm.cells}
    return _estimate(metric, arm, heldout, spec, tables, clusters_of(heldout))


def _left_out(plan: Plan, planned: Sequence[str], reached: Container[str]) -> dict[str, str]:
    """Rungs that a climb had no need of."""
    why = f"a lower rung reached the target of {100 * (plan.target or 0):.6g} %"
    return {name: why for name in planned if plan.climb and name not in reached}


def _best(names: Sequence[str], results: Mapping[str, ArmResult], metric: str) -> str:
    """The arm with the highest mean; empty when there is none."""
    means = {name: results[name].scores[metric].mean for name in names}
    scored = [name for name in names if means[name] is not None]
    return max(scored, key=lambda name: means[name] or 0.0, default="")


def _arms(run: Run, plan: Plan) -> dict[str, Arm]:
    """Finished cells by rung, rungs in order of effort, ceilings and floors behind them."""
    found: dict[str, list[Cell]] = {}
    for name in plan.cells:
        if run.finished(name):
            cell = run.cell(name)
            found.setdefault(cell.rung, []).append(cell)
    order = [*rungs(), *CEILINGS, *FLOORS]
    return {name: Arm(name, tuple(found[name])) for name in order if name in found}


def _result(
    arm: Arm,
    heldout: Sequence[Example],
    spec: TaskSpec,
    tables: Mapping[str, Table],
    clusters: Sequence[str] | None,
    scorers: Sequence[Metric],
) -> ArmResult:
    answers = [answer for cell in arm.cells for answer in cell.answers]
    scores = {
        metric.name: _estimate(metric, arm, heldout, spec, tables, clusters) for metric in scorers
    }
    first = arm.cells[0]
    return ArmResult(
        title=arm_title(arm.name),
        scores={name: e for name, e in scores.items() if e.n or name == scorers[0].name},
        latency_s=latency_of(answers),
        prompt_tokens=_mean([answer.prompt_tokens for answer in answers]),
        completion_tokens=_mean([answer.completion_tokens for answer in answers]),
        prepare_s=_mean([cell.prepared_s for cell in arm.cells]),
        answer_s=_mean([cell.answer_s for cell in arm.cells]),
        peak_memory_bytes=max(cell.peak_memory_bytes for cell in arm.cells),
        seeds=tuple(cell.seed for cell in arm.cells),
        settings=dict(first.preparation.settings),
        effort=dict(first.preparation.effort),
        failures=dict(Counter(f.kind for cell in arm.cells for f in cell.failures)),
        truncated=sum(answer.truncated for answer in answers),
        path=first.path,
        answer_joules=_known_mean([cell.answer_joules for cell in arm.cells]),
        prepare_joules=_known_mean([_prepared_joules(cell) for cell in arm.cells]),
        seed_scores=tuple(_seed_score(scorers[0], c, heldout, spec, tables) for c in arm.cells),
        did_not_fit=DidNotFit(
            sum(answer.dropped_contexts for answer in answers),
            sum(answer.dropped_contexts > 0 for answer in answers),
        ),
    )


def _seed_score(
    metric: Metric,
    cell: Cell,
    heldout: Sequence[Example],
    spec: TaskSpec,
    tables: Mapping[str, Table],
) -> float | None:
    """One seed's score; what is in its table already is not scored again."""
    if metric.whole is None:
        return mean_of(tables[cell.cell][metric.name].values())
    return mean_score(metric, heldout, cell.answers, spec)


def _estimate(
    metric: Metric,
    arm: Arm,
    heldout: Sequence[Example],
    spec: TaskSpec,
    tables: Mapping[str, Table],
    clusters: Sequence[str] | None,
) -> Estimate:
    rows = _rows(metric, arm, heldout, tables)
    if metric.whole is None:
        interval = mean_interval(rows if len(rows) > 1 else rows[0], clusters)
    else:
        value, (seeds,) = over_all(metric, spec, [rows])
        interval = corpus_interval(value, seeds, clusters=clusters)
    return Estimate(interval.mean, interval.low, interval.high, interval.n, interval.n_failed)


def _rows(
    metric: Metric, arm: Arm, heldout: Sequence[Example], tables: Mapping[str, Table]
) -> list[Any]:
    """What an arm is judged by: seeds by items, with their scores.

    For a metric over all items together, which has no scores of single items, with their answers.
    """
    if metric.whole is None:
        return [list(tables[cell.cell][metric.name].values()) for cell in arm.cells]
    return [items_of(heldout, cell.answers) for cell in arm.cells]


def _prepared_joules(cell: Cell) -> float | None:
    own, effort = cell.preparation.joules, cell.preparation.effort
    if "started_joules" not in effort or own is None:
        return own
    before = effort["started_joules"]
    return None if before is None else own + float(str(before))


def _known_mean(values: Sequence[float | None]) -> float | None:
    """Mean; None where any is not known."""
    known = [value for value in values if value is not None]
    return _mean(known) if known and len(known) == len(values) else None


def _model_facts(plan: Plan, cells: Sequence[Cell]) -> dict[str, str]:
    paths = sorted({cell.path for cell in cells if cell.path})
    devices = sorted({cell.device for cell in cells if cell.device})
    weights = sorted({cell.weights for cell in cells if cell.weights})
    return {
        "generator": plan.generator,
        "embedder": plan.embedder,
        "embedder_weights": plan.embedder_weights,
        "path": ", ".join(paths),
        "device": ", ".join(devices),
        "weights": ", ".join(weights),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
