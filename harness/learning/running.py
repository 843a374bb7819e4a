"""A learning curve from plan to result: trainings one after the other, resumable, cancellable."""

import shutil
from collections.abc import Sequence

from harness.disk import write_json
from harness.errors import JobError, Problem, UserError
from harness.executors.local import run_process
from harness.learning.fit import FARTHEST, LEAST_SIZES
from harness.learning.measuring import measured
from harness.learning.result import (
    NAME,
    PLAN,
    RESULT,
    SCHEMA,
    CurvePlan,
    CurveResult,
    plan_of,
    run_of,
    store_of,
    trained_cells,
)
from harness.locking import alone
from harness.probing import is_probing
from harness.rungs import rung_type, rungs
from harness.runner import LOCK
from harness.store import Run, now
from harness.watch import OnEvent, Watch

SHARES = (0.25, 0.5)
"""Of the training rows; all of them come last by themselves."""
SEEDS = 2
FACTOR = 2.0
LEAST_ROWS = 10
"""Below that no published curve has begun; gains are expected from 50 on."""
MODULE = "harness.learning.point"


def begin(run: Run, rung: str = "", shares: Sequence[float] = (), seeds: int | None = None) -> Run:
    """Fix what is trained, or find what an earlier command fixed.

    Args:
        run: its check is finished.
        rung: that was trained; empty takes what an earlier command began, or fine-tuning.
        shares: of the training rows, in 0..1; empty likewise, or a quarter and a half.
        seeds: trainings of each size; None likewise, or 2.

    Raises:
        UserError: nothing was trained in the run, or a size or a number cannot be.
    """
    store, plan = store_of(run), plan_of(store_of(run))
    fingerprint = run.plan().fingerprint
    if plan is not None and plan.fingerprint == fingerprint:
        wanted = _plan(
            run,
            rung or plan.rung,
            [*shares] or [count / plan.counts[-1] for count in plan.counts],
            plan.seeds if seeds is None else seeds,
        )
        if (wanted.rung, wanted.counts, wanted.seeds) == (plan.rung, plan.counts, plan.seeds):
            return store
    else:
        wanted = _plan(run, rung, [*shares] or [*SHARES], SEEDS if seeds is None else seeds)
    if is_probing(run):
        raise UserError(_busy(run))
    _clear(store, plan, wanted)
    _copy_questions(run, store)
    write_json(store.folder / PLAN, wanted)
    return store


def _copy_questions(run: Run, store: Run) -> None:
    """The held-out questions, without their references, where `Run.queries` looks for them."""
    (store.folder / "data").mkdir(parents=True, exist_ok=True)
    name = "queries.jsonl"
    shutil.copyfile(run.folder / "data" / name, store.folder / "data" / name)


def _clear(store: Run, old: CurvePlan | None, new: CurvePlan) -> None:
    """Remove what the new plan cannot use; a training that both of them have is kept."""
    if not store.folder.is_dir():
        return
    same = old is not None and (old.rung, old.fingerprint) == (new.rung, new.fingerprint)
    if not same:
        shutil.rmtree(store.folder)
    else:
        (store.folder / RESULT).unlink(missing_ok=True)


def _plan(run: Run, rung: str, shares: Sequence[float], seeds: int) -> CurvePlan:
    plan, n = run.plan(), len(run.view().train)
    name = _trained(run, rung)
    if not 1 <= seeds <= 20:
        raise UserError(Problem(f"{seeds} trainings a size cannot be", "give 1 to 20", "--seeds"))
    if any(not 0 < share <= 1 for share in shares):
        fix = "give percents above 0 and up to 100, such as 25,50,100"
        raise UserError(Problem("a size is no part of the training rows", fix, "--sizes"))
    counts = sorted({*(round(share * n) for share in shares), n})
    if len(counts) < LEAST_SIZES:
        fix = "give two sizes below 100 or more, such as 25,50,100"
        raise UserError(Problem(f"{len(counts)} sizes tell no curve", fix, "--sizes"))
    if counts[0] < LEAST_ROWS:
        what = f"the smallest size would be {counts[0]} of {n} rows; {LEAST_ROWS} are the least"
        raise UserError(Problem(what, "give larger sizes, or check with more rows", "--sizes"))
    return CurvePlan(
        schema=SCHEMA,
        run=run.name,
        created=now(),
        fingerprint=plan.fingerprint,
        rung=name,
        counts=tuple(counts),
        seeds=seeds,
        factor=min(FACTOR, FARTHEST),
        taken=tuple(cell for cell in trained_cells(run, name) if _to_its_end(run, cell)),
    )


def _to_its_end(run: Run, cell: str) -> bool:
    """Whether a training of the check followed the recipe: nobody ended it, and it did not fail."""
    settings = run.cell(cell).preparation.settings
    return "stopped_by_user" not in settings and "ended_because" not in settings


def _trained(run: Run, rung: str) -> str:
    """The rung to train: the one asked for, or the first that the check trained.

    Raises:
        UserError: it is no trained rung of the run.
    """
    known = [name for name in rungs() if "weights" in rung_type(name).needs]
    there = [name for name in known if trained_cells(run, name)]
    if rung:
        rung_type(rung)  # an unknown one is an error of its own
    if rung in there or (there and not rung):
        return rung or there[0]
    again = f"rungwise check {run.folder.parents[1]} --rungs prompt,{rung or known[0]}"
    if not there:
        what = "no rung of this run was trained"
        raise UserError(Problem(what, f"check again: {again}", run.name))
    what = f"{rung} was not trained in this run"
    raise UserError(Problem(what, f"choose from {', '.join(there)}", "--rung"))


def _busy(run: Run) -> Problem:
    return Problem("a probe is working on this run", "wait for it, or stop it", run.name)


def run_curve(store: Run, on_event: OnEvent = lambda event: None) -> CurveResult:
    """Train every size, answer the held-out questions, fit, and write curve.json last.

    A training that fails does not stop the others. What is finished is not done again.

    Args:
        store: where `begin` has written a plan.
        on_event: told of every event.

    Raises:
        UserError: another process is working on a probe of this run.
        JobError: it was stopped, or no training could be finished.
    """
    run = run_of(store)
    if is_probing(run, but=store.name):
        raise UserError(_busy(run))
    with alone(store.folder / LOCK, _busy(run)):
        return _run_cells(run, store, on_event)


def _run_cells(run: Run, store: Run, on_event: OnEvent) -> CurveResult:
    plan = plan_of(store)
    assert plan is not None  # begin has written it
    store.cancel_file.unlink(missing_ok=True)
    watch = Watch(store, on_event, f"go on with: rungwise probe {run.folder} {NAME}")
    failed: dict[str, str] = {}
    store.say("started", figures={"cells": list(plan.cells)})
    try:
        for cell in plan.cells:
            if store.finished(cell):
                continue
            status = run_process(store, [cell], watch, MODULE)
            if not store.finished(cell):
                failed[cell] = watch.why(cell, cell, status)
    except BaseException:  # also when the user interrupts: say so, then let it through
        store.say("cancelled", "stopped; what is finished is kept")
        raise
    if not any(store.finished(cell) for cell in plan.cells) and failed:
        raise JobError(*(Problem(why, watch.fix, cell) for cell, why in failed.items()))
    store.say("finished", figures={"failed": dict(failed)})
    watch()
    result = measured(run, store, failed)
    write_json(store.folder / RESULT, result)
    return result
