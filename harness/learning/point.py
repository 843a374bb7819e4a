"""One training of a learning curve: ``python -m harness.learning.point FOLDER CELL``.

A process of its own that reads training rows and held-out *questions*, never their references.
Checkpoints and answers go to disk as they come, so a new process goes on where this one stopped.
"""

import dataclasses
import shutil
import sys
from pathlib import Path

from filelock import FileLock

from harness.adapting import adapter_folder
from harness.beside import run_of
from harness.cell import (
    answer_open,
    close_cell,
    parse_cell,
    prepare_open,
    run_all,
)
from harness.learning.result import plan_of, rows_of
from harness.learning.subsets import subset
from harness.retraining import bench_apart, recipe_of
from harness.rungs import rung_type
from harness.store import Run
from harness.workbench import Workbench


def train_point(store: Run, cell: str) -> None:
    """Bring one training to its end; what an earlier process finished is not done again.

    Raises:
        RungwiseError: the rung cannot be trained or cannot go on.
    """
    with FileLock(store.cell_file(cell, ".lock")):
        if store.finished(cell):
            return
        store.say("started", "", cell)
        bench = bench_of(store, cell)
        assert bench.view is not None
        _ = bench.generator  # opened before the clock runs
        plan = plan_of(store)
        assert plan is not None  # begin has written it
        rung = rung_type(plan.rung).build(bench.view, bench)
        preparation = prepare_open(store, cell, rung, bench.given)
        answer_open(store, cell, rung, 0)
        close_cell(store, cell, preparation, bench)
        # its answers are kept; the adapter of a part of the rows is of no use to anybody
        shutil.rmtree(adapter_folder(store.folder, cell), ignore_errors=True)


def bench_of(store: Run, cell: str) -> Workbench:
    """The workbench of one training: the check's, with a part of the training rows."""
    run, curve = run_of(store), plan_of(store)
    assert curve is not None
    view, (_, seed) = run.view(), parse_cell(cell)
    rows = subset(view.train, view.spec.kind, rows_of(cell), seed)
    view = dataclasses.replace(view, train=rows)
    return bench_apart(store, cell, view, recipe_of(run, curve.rung, seed, len(rows)))


if __name__ == "__main__":
    sys.exit(run_all(Run(Path(sys.argv[1])), sys.argv[2:], train_point))
