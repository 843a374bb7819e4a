"""What the answers of a probe say: stored answers in, a result out. Nothing is asked here."""

from collections.abc import Mapping, Sequence

from harness.beside import run_of
from harness.cell import INDEX, cell_name, parse_cell
from harness.diagnosis.material import item_metric
from harness.metric import fitted
from harness.probe import Arm, Planting, ProbeType, Yardstick
from harness.probe_result import (
    SCHEMA,
    AnyResult,
    BroughtUp,
    ProbeResult,
    RungProbed,
    plan_of,
    result_of,
)
from harness.probes import probe_type, probes
from harness.rungs import rung_type, rungs
from harness.store import Cell, Run
from harness.trained import TrainedProbe
from harness.trained_measuring import cells_tested, tested

INDEXING = cell_name(INDEX, 0)
"""The cell that indexes the changed documents."""


def finished_cells(run: Run) -> list[str]:
    """The run's finished cells of rungs, floors apart, in the order in which they ran."""
    return [c for c in run.plan().cells if parse_cell(c)[0] in rungs() and run.finished(c)]


def reads(cell: str) -> bool:
    """Whether a cell's rung is shown passages."""
    return "documents" in rung_type(parse_cell(cell)[0]).needs


def cells_of(store: Run) -> list[str]:
    """What is done for a probe, in order: indexing, then each rung that reads; or those trained."""
    probe = probe_type(store.name)
    if isinstance(probe, TrainedProbe):
        return cells_tested(run_of(store), probe)
    return [INDEXING, *(cell for cell in finished_cells(run_of(store)) if reads(cell))]


def results(run: Run) -> tuple[AnyResult, ...]:
    """What the run's finished probes found.

    Raises:
        UserError: a file is damaged; the fix says what to remove.
    """
    found = (result_of(run, name) for name in probes())
    return tuple(result for result in found if result is not None)


def measured(run: Run, store: Run, failed: Mapping[str, str]) -> AnyResult:
    """What the stored answers say; nothing is asked."""
    plan = plan_of(store)
    assert plan is not None  # begin has written it
    probe, task = probe_type(plan.probe), run.plan()
    if isinstance(probe, TrainedProbe):
        return tested(store, probe, failed)
    assert isinstance(probe, ProbeType)
    by = Yardstick(
        spec=task.spec,
        examples={example.id: example for example in run.heldout()},
        metric=fitted(item_metric(task.spec), run.view()),
        margin=task.margin,
    )
    planting = Planting((), plan.planted, plan.left_out)
    indexing = store.cell(INDEXING)
    arms: dict[str, list[str]] = {}
    for cell in finished_cells(run):
        if not reads(cell) or store.finished(cell):
            arms.setdefault(parse_cell(cell)[0], []).append(cell)
    order = [name for name in rungs() if name in arms]
    asked = [store.cell(cell) for name in order for cell in arms[name] if reads(cell)]
    return ProbeResult(
        schema=SCHEMA,
        probe=plan.probe,
        run=run.name,
        created=plan.created,
        fingerprint=plan.fingerprint,
        seed=plan.seed,
        planted=plan.planted,
        left_out=plan.left_out,
        n_documents=len({one.source for one in plan.planted}),
        n_questions=len(store.queries()),
        rungs={
            name: _probed(probe, planting, by, [run.cell(c) for c in arms[name]], (store, indexing))
            for name in order
        },
        failed=dict(failed),
        facts=probe.facts(task.spec),
        own_changes=bool(plan.edited),
        seconds=indexing.preparation.seconds + sum(cell.answer_s for cell in asked),
    )


def _probed(
    probe: ProbeType,
    planting: Planting,
    by: Yardstick,
    checked: Sequence[Cell],
    probed: tuple[Run, Cell],
) -> RungProbed:
    """One rung, measured.

    Args:
        probe: what was done.
        planting: with what.
        by: how answers are scored.
        checked: the rung's cells in the check.
        probed: where its answers now lie, and the cell that indexed.
    """
    store, indexing = probed
    name = checked[0].rung
    reader = reads(checked[0].cell)
    now_given = [store.cell(cell.cell) for cell in checked] if reader else list(checked)
    arm = Arm(
        rung=name,
        reads=reader,
        before=tuple({a.query_id: a for a in cell.answers} for cell in checked),
        after=tuple({a.query_id: a for a in cell.answers} for cell in now_given),
    )
    ids = {query for one in planting.planted for query in one.query_ids}
    trained = "weights" in rung_type(name).needs
    seconds = sum(cell.prepared_s for cell in checked) / len(checked)
    brought_up = BroughtUp("nothing", None)
    if reader:
        brought_up = BroughtUp("index", indexing.preparation.seconds)
    elif trained:
        brought_up = BroughtUp("train", seconds)
    return RungProbed(
        title=rung_type(name).title,
        reads=reader,
        seeds=tuple(cell.seed for cell in checked),
        measured=probe.measure(planting, arm, by),
        brought_up=brought_up,
        n_failed=sum(f.query_id in ids for cell in now_given for f in cell.failures),
    )
