"""Tests of trained rungs from plan to result: what is asked in which cell, and what it comes to."""

from collections import Counter
from collections.abc import Mapping

from harness.beside import PLAN, run_of
from harness.cell import cell_name, parse_cell
from harness.disk import decode, write_json
from harness.errors import Problem, UserError
from harness.probe_result import SCHEMA, ProbePlan, plan_of
from harness.rungs import rung_type, rungs
from harness.store import Run, now
from harness.trained import (
    BASE,
    CellTested,
    Material,
    RungTested,
    TrainedProbe,
    TrainedResult,
)

SEED = 0


def trained_cells(run: Run) -> list[str]:
    """The run's finished cells of rungs that trained, in the order in which they ran."""
    cells = [c for c in run.plan().cells if parse_cell(c)[0] in rungs() and run.finished(c)]
    return [cell for cell in cells if "weights" in rung_type(parse_cell(cell)[0]).needs]


def cells_tested(run: Run, probe: TrainedProbe) -> list[str]:
    """What is asked, in order: the base, where it is asked apart, then each trained rung."""
    return [*([cell_name(BASE, 0)] if probe.base_apart else []), *trained_cells(run)]


def make_plan(run: Run, store: Run, probe: TrainedProbe, count: int) -> None:
    """Write what will be asked; the items follow from it."""
    plan = ProbePlan(
        schema=SCHEMA,
        probe=probe.name,
        run=run.name,
        created=now(),
        fingerprint=run.plan().fingerprint,
        count=count,
        seed=SEED,
        planted=(),
        left_out={},
    )
    write_json(store.folder / PLAN, plan)


def refuse_untrained(run: Run, name: str) -> None:
    """Refuse a run in which nothing was trained.

    Raises:
        UserError: see above; the fix says which rung to add.
    """
    if not trained_cells(run):
        again = f"rungwise check {run.folder.parents[1]} --rungs prompt,finetune"
        what = f"no rung of this run was trained, so there is nothing that {name} could look at"
        raise UserError(Problem(what, f"check again with fine-tuning: {again}", run.name))


def tested(store: Run, probe: TrainedProbe, failed: Mapping[str, str]) -> TrainedResult:
    """What the stored items say; nothing is asked."""
    run, plan = run_of(store), plan_of(store)
    assert plan is not None  # begin has written it
    view, heldout = run.view(), run.heldout()
    found = {c: _cell(store, c) for c in cells_tested(run, probe) if store.finished(c)}
    by_rung: dict[str, list[CellTested]] = {}
    for cell in found.values():
        by_rung.setdefault(cell.rung, []).append(cell)
    base = by_rung.pop(BASE, [None])[0]
    measured: dict[str, RungTested] = {}
    for name in (name for name in rungs() if name in by_rung):
        cells = tuple(by_rung[name])
        checked = tuple(run.cell(cell.cell) for cell in cells)
        measured[name] = probe.measure(Material(cells, base, checked, view, heldout, plan.seed))
    n_items: dict[str, int] = {}
    left_out: Counter[str] = Counter()
    for cell in found.values():
        for part in {item.part for item in cell.items}:
            n_items[part] = len({item.id for item in cell.items if item.part == part})
        left_out |= Counter(cell.left_out)  # rungs sample the same rows
    return TrainedResult(
        schema=SCHEMA,
        probe=probe.name,
        run=run.name,
        created=plan.created,
        fingerprint=plan.fingerprint,
        seed=plan.seed,
        count=plan.count,
        n_items=dict(sorted(n_items.items())),
        rungs=measured,
        left_out=dict(left_out),
        failed=dict(failed),
        facts=probe.facts,
        seconds=sum(item.seconds for cell in found.values() for item in cell.items),
    )


def _cell(store: Run, cell: str) -> CellTested:
    file = store.cell_file(cell)
    return decode(file.read_bytes(), CellTested, file)
