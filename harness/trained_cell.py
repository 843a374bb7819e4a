"""A trained rung, or the base, asked what a test asks: one cell, resumable item by item."""

import dataclasses
import shutil
import time
from collections import Counter
from collections.abc import Iterator

from filelock import FileLock

from harness.adapting import adapter_folder
from harness.beside import run_of
from harness.cell import parse_cell, prepare_open, saying
from harness.device import peak_memory_bytes
from harness.disk import append_lines, decode, whole_lines, write_json
from harness.probe_result import plan_of
from harness.reopen import reopen, workbench_of
from harness.retraining import bench_apart, planted_cells, recipe_of
from harness.retrieval import INDEX_FOLDER
from harness.rung import Rung
from harness.rungs import rung_type
from harness.store import Run
from harness.trained import BASE, ITEMS, Bed, CellTested, Item, Job, TrainedProbe
from harness.types import TrainView
from tuning.recipe import TuningSettings

PEAK = ".peak.json"
"""Ending of the file with the most bytes that its training held."""


def ask_cell(store: Run, cell: str, probe: TrainedProbe) -> None:
    """Bring one cell of a test to its end; what an earlier process asked is not asked again.

    Raises:
        RungwiseError: the rung cannot be opened or cannot go on.
    """
    with FileLock(store.cell_file(cell, ".lock")):
        if store.finished(cell):
            _throw_away(store, cell)  # an earlier process may have been stopped before it could
            return
        store.say("started", "", cell)
        bed = _bed(store, cell, probe)
        jobs = probe.jobs(bed)
        file = store.cell_file(cell, ITEMS)
        have = {(one.part, one.base, one.id): one for one in whole_lines(file, Item)}
        total = sum(len(job.ids) for job in jobs)
        for batch in _open_ones(bed, jobs, have):
            append_lines(file, *batch)
            have |= {(one.part, one.base, one.id): one for one in batch}
            store.say("answered", "", cell, {"done": len(have), "total": total})
        name, seed = parse_cell(cell)
        left_out: Counter[str] = Counter()
        for job in jobs:
            left_out.update(job.left_out)
        items = tuple(have.values())
        trained = store.prepared(cell)
        peak = _peak(store, cell) if trained else None
        write_json(
            store.cell_file(cell),
            CellTested(cell, name, seed, items, dict(left_out), trained, peak),
        )
        file.unlink(missing_ok=True)
        _throw_away(store, cell)
        store.say("finished", "", cell, {"answers": len(items)})


def _note_peak(store: Run, cell: str, elsewhere: int) -> None:
    """Write down what the training held; a later process that takes it up holds less.

    Args:
        store: of the probe.
        cell: that was trained.
        elsewhere: bytes that other processes held meanwhile.
    """
    file = store.cell_file(cell, PEAK)
    if not file.is_file():
        write_json(file, peak_memory_bytes() + elsewhere)


def _peak(store: Run, cell: str) -> int | None:
    file = store.cell_file(cell, PEAK)
    return decode(file.read_bytes(), int, file) if file.is_file() else None


def _throw_away(store: Run, cell: str) -> None:
    """What a trained model says is kept; itself it is of no use to anybody and may hold secrets."""
    folder = adapter_folder(store.folder, cell)
    for one in (folder, *folder.parent.glob(f"{folder.name}.lr*")):
        shutil.rmtree(one, ignore_errors=True)


def _bed(store: Run, cell: str, probe: TrainedProbe) -> Bed:
    """The model opened as the cell needs it."""
    run, plan, say = run_of(store), plan_of(store), saying(store, cell)
    assert plan is not None  # begin has written it
    view, (name, seed) = run.view(), parse_cell(cell)
    rung: Rung | None = None
    if name == BASE:
        bench = workbench_of(run, view, cell, seed, say)
    elif probe.trains:
        bench = bench_apart(store, cell, view, run.plan().tuning)
    else:
        rung, bench, _ = reopen(run, cell, view.documents, run.folder / INDEX_FOLDER, say)

    def train(rows: TrainView, tuning: TuningSettings) -> Rung:
        _ = bench.generator  # opened before the clock runs
        apart = bench_apart(store, cell, rows, tuning)
        apart.share(bench)  # a second model would need its memory as well
        found = rung_type(name).build(rows, apart)
        prepare_open(store, cell, found, apart.given)
        _note_peak(store, cell, apart.held_elsewhere)
        return found

    return Bed(
        bench,
        rung,
        view,
        tuple(run.queries()),
        run.heldout,
        plan.count,
        plan.seed,
        train,
        run.plan().tuning if name == BASE else recipe_of(run, name, seed),
        plan.secrets and cell in planted_cells(run),
    )


def _open_ones(
    bed: Bed, jobs: list[Job], have: dict[tuple[str, bool, str], Item]
) -> Iterator[list[Item]]:
    """Batches of what was not asked yet, each with the seconds it took."""
    dropped = False
    # the adapter is dropped once, for good
    for job in sorted(jobs, key=lambda job: (job.trains, job.base)):
        left = [one for one in job.ids if (job.part, job.base, one) not in have]
        if not left:
            continue
        if job.base and not dropped:
            bed.bench.local().model.load_adapter(None)
            dropped = True
        since = time.perf_counter()
        for batch in job.do(left):
            if batch:
                took = time.perf_counter() - since
                first = dataclasses.replace(batch[0], seconds=took)
                yield [first, *batch[1:]]
            since = time.perf_counter()
