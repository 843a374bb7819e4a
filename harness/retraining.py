"""Training once more after a check, by its recipe, in the folder of what is done to the run.

For learning curves and for tests that need a model of their own; the run's adapters stay as they
are.
"""

import dataclasses
import shutil

from harness.beside import run_of
from harness.cell import parse_cell, saying
from harness.effort import effort_of
from harness.models import ModelRef, resolve
from harness.reopen import workbench_of
from harness.retrieval import INDEX_FOLDER
from harness.rungs import rungs
from harness.speed import sizes_of
from harness.store import PASSAGE_SIZE, Run
from harness.types import TrainView
from harness.workbench import EMBEDDINGS, Workbench
from tuning.recipe import TuningSettings, steps_for, times_usual


def trained_cells(run: Run, rung: str = "") -> list[str]:
    """The run's finished cells of rungs that train, or of one of them, in the order they ran."""
    learn = [name for name, one in rungs().items() if "weights" in one.needs]
    wanted = {rung} & {*learn} if rung else {*learn}
    return [c for c in run.plan().cells if parse_cell(c)[0] in wanted and run.finished(c)]


def trained_rungs(run: Run) -> list[str]:
    """Rungs of the check that learned from training rows alone, in order of effort."""
    wanted = {"weights", "preferences"}
    alone = [name for name, one in rungs().items() if wanted & one.needs == {"weights"}]
    return [name for name in alone if trained_cells(run, name)]


def planted_cells(run: Run) -> list[str]:
    """Those that are trained once more with made-up secrets: the first of each trained rung."""
    return [trained_cells(run, name)[0] for name in trained_rungs(run)]


def recipe_of(run: Run, rung: str, seed: int = 0, rows: int | None = None) -> TuningSettings:
    """How the check trained in the end, at this seed if it did: what it chose is not chosen again.

    Rank and rows a step would otherwise follow from the number of rows, and the learning rate from
    dev: a smaller set would be trained by another recipe.

    Args:
        run: finished.
        rung: that trained.
        seed: of the training.
        rows: learned from this time; None for as many as in the check. Fewer rows make fewer steps,
            for which a check of a small base would take a higher rate: at the check's own, a
            smaller set would look worse than it is.

    Raises:
        UserError: fewer rows are meant, and the base is gone or does not say how large it is.
    """
    plan = run.plan()
    cells = trained_cells(run, rung)
    own = next((cell for cell in cells if parse_cell(cell)[1] == seed), cells[0])
    settings = run.cell(own).preparation.settings
    rate = settings.get("learning_rate", plan.tuning.learning_rate)
    step = settings.get("batch_rows", plan.tuning.batch_rows)
    adapter = plan.tuning.method != "full" and plan.tuning.learning_rate is None
    if adapter and rows is not None and rate is not None and step:
        epochs = effort_of(plan.effort, plan.tuning, plan.given).epochs
        sizes, parameters = (rows, len(run.view().train)), sizes_of(base_of(run)).parameters
        now, before = (times_usual(steps_for(epochs, n, step), parameters) for n in sizes)
        rate = float(f"{rate * now / before:.2g}")
    return dataclasses.replace(
        plan.tuning,
        learning_rate=rate,
        rank=settings.get("rank", plan.tuning.rank),
        batch_rows=step,
    )


def base_of(run: Run) -> ModelRef:
    """The model that a run began with.

    Raises:
        UserError: it is gone, or another one.
    """
    plan = run.plan()
    return resolve(
        plan.generator,
        "generator",
        run.project,
        revision=plan.generator_revision,
        weights=plan.weights,
    )


def copy_for_training(run: Run, store: Run) -> None:
    """What a training looks for in its run: held-out questions alone, and how passages are cut."""
    (store.folder / "data").mkdir(parents=True, exist_ok=True)
    for name in ("data/queries.jsonl", PASSAGE_SIZE):
        if (run.folder / name).is_file():
            shutil.copyfile(run.folder / name, store.folder / name)


def bench_apart(store: Run, cell: str, view: TrainView, tuning: TuningSettings) -> Workbench:
    """The check's workbench with other rows or another recipe; what it learns goes to `store`."""
    run = run_of(store)
    plan, (_, seed) = run.plan(), parse_cell(cell)
    own = workbench_of(run, view, cell, seed, saying(store, cell), run.folder / INDEX_FOLDER)
    return dataclasses.replace(
        own,
        folder=store.folder,
        effort=effort_of(plan.effort, tuning, plan.given),
        tuning=tuning,
        vectors=run.folder.parent / EMBEDDINGS,
    )
