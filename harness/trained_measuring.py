"""Tests of trained rungs from plan to result: what is asked in which cell, and what it comes to."""

from collections import Counter
from collections.abc import Mapping

from harness.beside import PLAN, run_of
from harness.cell import cell_name, parse_cell
from harness.disk import append_lines, decode, write_json
from harness.errors import Problem, UserError
from harness.probe_result import RESULT, SCHEMA, ProbePlan, plan_of
from harness.retraining import copy_for_training, trained_cells, trained_rungs
from harness.rungs import rungs
from harness.store import Run, now
from harness.trained import (
    BASE,
    ITEMS,
    CellTested,
    Material,
    RungTested,
    TrainedProbe,
    TrainedResult,
)

SEED = 0


def _own_cells(run: Run, probe: TrainedProbe) -> list[str]:
    """Those that a test can ask."""
    cells = trained_cells(run)
    if not probe.trains:
        return cells
    fit = trained_rungs(run) if run.plan().tuning.method != "full" else []
    return [cell for cell in cells if parse_cell(cell)[0] in fit]


def cells_tested(run: Run, probe: TrainedProbe) -> list[str]:
    """What is asked, in order: the base, where it is asked apart, then each trained rung."""
    return [*([cell_name(BASE, 0)] if probe.base_apart else []), *_own_cells(run, probe)]


def make_plan(run: Run, store: Run, probe: TrainedProbe, count: int, secrets: bool) -> None:
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
        secrets=secrets,
    )
    if probe.trains or secrets:
        copy_for_training(run, store)
    write_json(store.folder / PLAN, plan)


def reopen_cells(run: Run, store: Run, probe: TrainedProbe) -> None:
    """Make finished cells unfinished ones that lack nothing yet: more is to be asked of them."""
    for cell in cells_tested(run, probe):
        if store.finished(cell):
            append_lines(store.cell_file(cell, ITEMS), *_cell(store, cell).items)
            store.cell_file(cell).unlink()
    (store.folder / RESULT).unlink(missing_ok=True)


def why_untested(run: Run, probe: TrainedProbe) -> str:
    """Why there is nothing to test in a run; empty where there is."""
    if not trained_cells(run):
        return "no rung of this run was trained"
    if not _own_cells(run, probe):
        return "no rung of this run has an adapter that was trained on the training rows alone"
    return ""


def refuse_untrained(run: Run, probe: TrainedProbe) -> None:
    """Refuse a run in which nothing was trained that the test could look at.

    Raises:
        UserError: see above; the fix says which rung to add.
    """
    if why := why_untested(run, probe):
        again = f"rungwise check {run.project} --rungs prompt,finetune"
        what = f"{why}, so there is nothing that {probe.name} could look at"
        fix = f"check again with fine-tuning: {again}"
        if run.plan().tuning.method == "full":
            fix = 'check again with method = "lora" under [tuning] in rungwise.toml: ' + again
        raise UserError(Problem(what, fix, run.name))


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
        found_in = Material(cells, base, checked, view, heldout, plan.seed, run.plan().margin)
        measured[name] = probe.measure(found_in)
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
