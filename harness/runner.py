"""A check from plan to experiment: cells one after the other, resumable, cancellable."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.answer_limit import answer_limit
from harness.assemble import assemble
from harness.ceilings import CEILINGS, ceilings_of
from harness.cell import INDEX, cell_name, parse_cell
from harness.closed_answers import why_not_closed
from harness.environment import environment
from harness.errors import JobError, Problem, UserError
from harness.executors.local import run_process
from harness.experiment import Experiment
from harness.floors import FLOORS, floors_for
from harness.generators.endpoint import PREFIX
from harness.gold import hand_over
from harness.good_enough import good_enough
from harness.known_already import KnownAlready
from harness.lighter import lighten
from harness.locking import alone, is_held
from harness.models import Role, resolve
from harness.preferences import why_not
from harness.rung import RungType
from harness.rungs import rung_type, rungs, title_of
from harness.settings import CheckSettings, models_of
from harness.so_far import SoFar
from harness.store import SCHEMA, Plan, Run, now
from harness.types import Task
from harness.watch import OnEvent, Watch, forget_old_request

LOCK = "check.lock"
"""File in a run's folder, or a probe's, that the process at work on it holds."""


def make_plan(
    project: Path,
    run: str,
    task: Task,
    settings: CheckSettings,
    say: Callable[[str], None] = lambda line: None,
) -> Plan:
    """Decide what will run, before anything runs; unpacks the embedded model if need be.

    Args:
        project: its folder.
        run: name of the run.
        task: with its data.
        settings: in which `settings_problems` finds nothing.
        say: told about work that takes seconds.

    Raises:
        UserError: a model that cannot be used, or no rung that can run.
    """
    weights = {
        role: resolve(name, role, project, revision=revision, say=say).revision
        for name, role, revision in models_of(settings)
    }
    runnable, skipped = chosen_rungs(task, settings)
    cells = [cell_name(floor, 0) for floor in floors_for(task.spec.kind)]
    for rung in runnable:
        if "embeddings" in rung.needs and cell_name(INDEX, 0) not in cells:
            cells.append(cell_name(INDEX, 0))
        cells.extend(cell_name(rung.name, s) for s in range(settings.seeds if rung.seeded else 1))
        cells.extend(cell_name(c, 0) for c in ceilings_of(rung.name, task.spec, task.heldout))
    if not runnable:
        fix = f"choose another of {', '.join(rungs())}"
        raise UserError(*(Problem(why, fix, f"rung {name}") for name, why in skipped.items()))
    return Plan(
        schema=SCHEMA,
        run=run,
        created=now(),
        spec=task.spec,
        fingerprint=task.fingerprint,
        generator=settings.generator,
        generator_revision=settings.revision,
        embedder=settings.embedder,
        cells=tuple(cells),
        skipped=skipped,
        seeds=settings.seeds,
        effort=settings.effort,
        margin=settings.margin,
        target=settings.target,
        max_new_tokens=answer_limit(project, task, settings),
        environment=environment(),
        climb=settings.climb,
        tuning=settings.tuning,
        preference=settings.preference,
        weights=weights.get("generator", ""),
        embedder_weights=weights.get("embedder", ""),
        reranker_weights=weights.get("reranker", ""),
        given=settings.given,
        left_out=task.left_out,
        timed=settings.timed,
    )


def chosen_rungs(task: Task, settings: CheckSettings) -> tuple[list[RungType], dict[str, str]]:
    """The rungs that were asked for and can run, in order of effort; the others with the reason."""
    names = {rung_type(name).name for name in settings.rungs}  # an unknown one is an error
    asked = [rung for name, rung in rungs().items() if name in names]
    reasons = {rung.name: unmet(rung.needs, task, settings) for rung in asked}
    skipped = {name: why for name, why in reasons.items() if why}
    return [rung for rung in asked if rung.name not in skipped], skipped


def unmet(needs: frozenset[str], task: Task, settings: CheckSettings) -> str:
    """Why a rung cannot run on this task; empty when it can."""
    elsewhere = settings.generator.startswith(PREFIX)
    without_pairs, closed = why_not(task.preferences), why_not_closed(task.spec)
    reasons = {
        "documents": (not task.documents, "the project has no documents"),
        "preferences": (bool(without_pairs), without_pairs),
        "decoder": (elsewhere, "an endpoint does not let us choose among its model's tokens"),
        "closed_answers": (bool(closed), closed),
        "weights": (elsewhere, "the model's weights are not on this machine"),
    }
    return next((why for need, (holds, why) in reasons.items() if need in needs and holds), "")


def run_check(run: Run, on_event: OnEvent = lambda event: None) -> Experiment:
    """Bring every cell of a run to its end and assemble what was measured.

    A cell that fails does not stop the others. Finished cells are not run again.

    Raises:
        UserError: another process is working on this run.
        JobError: no rung could be finished.
    """
    plan = run.plan()
    busy = Problem("another process is working on this run", "wait for it, or stop it", run.name)
    with alone(run.folder / LOCK, busy):
        forget_old_request(run)
        _refuse_other_weights(run, plan)
        return _run_cells(run, plan, on_event)


def _refuse_other_weights(run: Run, plan: Plan) -> None:
    """Refuse to go on with other models than those that have answered so far."""
    if all(run.finished(cell) for cell in plan.cells):
        return
    models: tuple[tuple[str, Role, str], ...] = (
        (plan.generator, "generator", plan.weights),
        (plan.embedder, "embedder", plan.embedder_weights),
        (plan.given.retrieval.reranker, "reranker", plan.reranker_weights),
    )
    for name, role, weights in models:
        if weights:
            resolve(name, role, run.project, weights=weights)


def is_running(run: Run) -> bool:
    """True while a process works on the run."""
    return is_held(run.folder / LOCK)


def _run_cells(run: Run, plan: Plan, on_event: OnEvent) -> Experiment:
    run.enough_file.unlink(missing_ok=True)
    go_on = f"the same command with --run {run.name} goes on"
    watch = Watch(run, on_event, go_on)
    failed: dict[str, str] = {}
    again: set[str] = set()  # tried once more
    so_far, known = SoFar(run, plan), KnownAlready(run, plan)
    run.say("started", figures={"cells": list(plan.cells)})
    try:
        watch()
        for group in _groups(plan.cells):
            good = good_enough(plan, so_far) if plan.climb else None
            if good:
                run.say("doing", f"{title_of(good)} is good enough; what costs more is not run")
                break
            left = [c for c in group if not run.finished(c) and _can_be_told(run, c)]
            if said := known.before(left):
                run.say("doing", said)
            while left:
                status = run_process(run, left, watch)
                stopped = [cell for cell in left if not run.finished(cell)][:1]
                if stopped and stopped[0] not in again and lighten(run, stopped[0], status):
                    again.add(stopped[0])
                    left = left[left.index(stopped[0]) :]
                    continue
                for cell in stopped:
                    failed[cell] = watch.why(cell, left[0], status)
                # those behind it in its process get their turn in another one
                left = left[left.index(stopped[0]) + 1 :] if stopped else []
            so_far.tell(group)
    except BaseException:  # also when the user interrupts: say so, then let it through
        run.say("cancelled", "stopped; what is finished is kept")
        raise
    besides = (*FLOORS, *CEILINGS, INDEX)
    if not any(run.finished(c) for c in plan.cells if parse_cell(c)[0] not in besides):
        raise JobError(*(Problem(why, watch.fix, cell) for cell, why in failed.items()))
    run.say("finished", figures={"failed": dict(failed)})
    watch()
    return assemble(run, failed)


def _can_be_told(run: Run, cell: str) -> bool:
    """Leave a ceiling the passages it is handed; False where its rung is not there to read them."""
    ceiling = CEILINGS.get(parse_cell(cell)[0])
    if ceiling is None:
        return True
    own = cell_name(ceiling.reader, 0)
    if not run.finished(own):
        return False
    run.say("doing", "Telling which passages hold the answers", cell)
    hand_over(run)
    return True


def _groups(cells: Sequence[str]) -> list[list[str]]:
    """Floors share a process; every other cell has its own."""
    floors = [cell for cell in cells if parse_cell(cell)[0] in FLOORS]
    rest = [[cell] for cell in cells if cell not in floors]
    return [floors, *rest] if floors else rest
