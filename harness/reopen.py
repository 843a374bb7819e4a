"""A finished cell's rung as it was prepared, to be asked again: nothing is learned or chosen."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.adapting import TRAINED, adapter_folder
from harness.effort import effort_of
from harness.errors import Problem, UserError
from harness.rung import Rung
from harness.rungs import rung_type
from harness.store import Run
from harness.types import Preparation, TrainView
from harness.workbench import Say, Workbench
from rag.types import Document


class Opened(NamedTuple):
    """A rung that can answer, and what it works with."""

    rung: Rung
    bench: Workbench
    preparation: Preparation


def reopen(
    run: Run,
    cell: str,
    documents: Sequence[Document],
    index: Path,
    say: Say,
    beside: Workbench | None = None,
) -> Opened:
    """Build a finished cell's rung anew with the settings and the adapter that it ended with.

    Args:
        run: with the cell.
        cell: of a rung, not of a floor.
        documents: what it reads from now on.
        index: folder of the index of these documents.
        say: told about work that takes seconds.
        beside: whose open models are used; None opens them anew.

    Raises:
        UserError: the cell is not finished, or its adapter is gone: it would be trained again.
    """
    _refuse_unless_whole(run, cell)
    done = run.cell(cell)
    view = dataclasses.replace(run.view(), documents=tuple(documents))
    bench = workbench_of(run, view, cell, done.seed, say, index)
    if beside is not None:
        bench.share(beside)
    rung = rung_type(done.rung).build(view, bench)
    rung.prepare(done.preparation.settings)
    return Opened(rung, bench, done.preparation)


def _refuse_unless_whole(run: Run, cell: str) -> None:
    """Raise what is missing of a finished cell."""
    again = f"rungwise check … --run {run.name}"
    where = f"{run.name}, {cell}"
    if not run.finished(cell):
        raise UserError(
            Problem(
                "it has not been answered to the end", f"finish the check first: {again}", where
            )
        )
    trained = "weights" in rung_type(run.cell(cell).rung).needs
    if trained and not adapter_folder(run.folder, cell).joinpath(TRAINED).is_file():
        raise UserError(
            Problem("its adapter is gone", f"remove the cell's files and train it: {again}", where)
        )


def workbench_of(
    run: Run, view: TrainView, cell: str, seed: int, say: Say, index: Path | None = None
) -> Workbench:
    """The workbench of one of a run's cells; its index is the run's unless another is named."""
    plan = run.plan()
    return Workbench(
        spec=plan.spec,
        view=view,
        generator_name=plan.generator,
        revision=plan.generator_revision,
        weights=plan.weights,
        embedder_weights=plan.embedder_weights,
        reranker_weights=plan.reranker_weights,
        embedder_name=plan.embedder,
        project=run.project,
        folder=run.folder,
        cell=cell,
        seed=seed,
        effort=effort_of(plan.effort, plan.tuning, plan.given),
        tuning=plan.tuning,
        preference=plan.preference,
        given=plan.given,
        max_new_tokens=plan.max_new_tokens,
        timed_queries=plan.timed,
        index=index,
        say=say,
    )
