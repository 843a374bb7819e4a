"""A learning curve from plan to result: trainings one after the other, resumable, cancellable."""

import shutil
from collections.abc import Sequence

from harness.beside import PLAN, only_here, refuse_while_busy, run_cells, run_of
from harness.disk import write_json
from harness.errors import Problem, UserError
from harness.learning.fit import LEAST_SIZES
from harness.learning.measuring import measured
from harness.learning.result import (
    RESULT,
    SCHEMA,
    CurvePlan,
    CurveResult,
    plan_of,
    store_of,
)
from harness.learning.subsets import subset
from harness.retraining import copy_for_training, trained_cells, trained_rungs
from harness.rungs import rung_type
from harness.store import Run, now
from harness.watch import OnEvent

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
    refuse_while_busy(run)
    _clear(store, plan, wanted)
    copy_for_training(run, store)
    write_json(store.folder / PLAN, wanted)
    return store


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
    _refuse_groups(run, counts, seeds)
    return CurvePlan(
        schema=SCHEMA,
        run=run.name,
        created=now(),
        fingerprint=plan.fingerprint,
        rung=name,
        counts=tuple(counts),
        seeds=seeds,
        factor=FACTOR,
        taken=tuple(cell for cell in trained_cells(run, name) if _to_its_end(run, cell)),
    )


def _refuse_groups(run: Run, counts: Sequence[int], seeds: int) -> None:
    """Raise where groups, which stay together, leave no different sizes, or too small a one."""
    view = run.view()
    for seed in range(seeds):
        real = [len(subset(view.train, view.spec.kind, count, seed)) for count in counts]
        if len({*real}) < len(real) or real[0] < LEAST_ROWS:
            what = f"groups stay together, so the sizes would be {', '.join(map(str, real))} rows"
            raise UserError(Problem(what, "give other sizes, or smaller groups", "--sizes"))


def _to_its_end(run: Run, cell: str) -> bool:
    """Whether a training of the check followed the recipe: nobody ended it, and it did not fail."""
    settings = run.cell(cell).preparation.settings
    return "stopped_by_user" not in settings and "ended_because" not in settings


def _trained(run: Run, rung: str) -> str:
    """The rung to train: the one asked for, or the first that the check trained.

    Raises:
        UserError: it is no trained rung of the run.
    """
    there = trained_rungs(run)
    if rung:
        rung_type(rung)  # an unknown one is an error of its own
    if rung in there or (there and not rung):
        return rung or there[0]
    again = f"rungwise check {run.project} --rungs prompt,{rung or 'finetune'}"
    if not there:
        what = "no rung of this run was trained"
        raise UserError(Problem(what, f"check again: {again}", run.name))
    what = f"{rung} was not trained in this run"
    raise UserError(Problem(what, f"choose from {', '.join(there)}", "--rung"))


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
    plan = plan_of(store)
    assert plan is not None  # begin has written it
    with only_here(store):
        failed = run_cells(store, plan.cells, MODULE, on_event)
        result = measured(run_of(store), store, failed)
        write_json(store.folder / RESULT, result)
    return result
