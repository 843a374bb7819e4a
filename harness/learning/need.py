"""How long a learning curve will take on this machine, said before it starts."""

import dataclasses
from collections.abc import Callable

from harness.counting import count_amounts
from harness.effort import effort_of
from harness.estimate import learned_by, seconds_of
from harness.learning.result import CurvePlan, rows_of, store_of
from harness.models import resolve
from harness.retraining import recipe_of
from harness.rungs import rung_type
from harness.search_cost import looked_up, second_look
from harness.settings import CheckSettings
from harness.speed import known_speed, sizes_of, speed
from harness.store import Run
from harness.types import Task
from tuning.at_once import at_once


def seconds_needed(
    run: Run,
    curve: CurvePlan,
    *,
    measure: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> float | None:
    """Seconds of the trainings that are not done yet.

    Args:
        run: the check.
        curve: what is trained.
        measure: whether the machine's speed may be measured where it is not known, which takes
            twenty seconds.
        say: told about work that takes seconds.

    Returns:
        None where speed is not known.

    Raises:
        UserError: the model cannot be used.
        JobError: the machine's speed could not be measured.
    """
    plan, view, project = run.plan(), run.view(), run.project
    revision = plan.weights or plan.generator_revision
    model = resolve(plan.generator, "generator", project, revision=revision, say=say)
    pace = speed(model, say) if measure else known_speed(model, beside_others=True)
    if pace is None:
        return None
    tuning = recipe_of(run, curve.rung)
    settings = CheckSettings(
        rungs=(curve.rung,),
        effort=plan.effort,
        generator=plan.generator,
        revision=revision,
        embedder=plan.embedder,
        tuning=tuning,
        given=plan.given,
    )
    task = Task(view.spec, view.train, view.dev, run.heldout(), view.documents, plan.fingerprint)
    amounts = count_amounts(project, task, settings, model)
    sizes, effort = sizes_of(model), effort_of(plan.effort, tuning, plan.given)
    total, learned_at_once = 0.0, at_once(pace.kind).learned
    store = store_of(run)
    for cell in (cell for cell in curve.cells if not store.finished(cell)):
        part = dataclasses.replace(amounts, train=rows_of(cell), learned_at_once=learned_at_once)
        work = learned_by(tuning.method, rung_type(curve.rung).work(part, effort))
        learned = dataclasses.replace(task, train=task.train[: rows_of(cell)])
        questions = looked_up(rung_type(curve.rung).needs, learned)
        total += seconds_of(work, pace, sizes) + second_look(questions, amounts, pace, sizes)
    return total
