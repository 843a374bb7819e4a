"""One cell in a process of its own: ``python -m harness.cell RUN_FOLDER CELL``.

It reads train, dev, documents and the held-out *questions*; the file with the references is never
opened here. Prepared state and answers go to disk as they come, so a new process goes on where
this one was stopped.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from harness.ceilings import CEILINGS, ReadingCeiling
from harness.contention import Meter
from harness.device import peak_memory_bytes
from harness.disk import write_json
from harness.energy import EnergyMeter, find_counters
from harness.errors import JobError, RunError, RungwiseError
from harness.floors import FLOORS
from harness.given import SET_BY_USER, Given
from harness.passage_size import settle_passage_size
from harness.prompts import rendering
from harness.reopen import workbench_of
from harness.retrieval import build_search
from harness.rung import ReadsPairs, Rung
from harness.rungs import rung_type
from harness.store import Cell, Run
from harness.types import Answer, Failure, Json, Preparation, TrainView
from harness.watch import ENDS_RUN
from harness.workbench import Say, Workbench
from tuning.errors import TuningError
from tuning.memory import ran_out

INDEX = "index"
"""The cell that embeds and indexes for the others; it answers nothing."""
BATCH = 16
"""Answers written together when they come faster than one can see."""
WRITE_EVERY_S = 1.0
MORE_ROOM = (
    "close other programs, choose a smaller model, or write under [tuning] in rungwise.toml "
    'batch_rows = 1 (fewer rows at once) or method = "qlora" (weights in 4 bits while learning)'
)


def run_cell(run: Run, cell: str) -> None:
    """Bring one cell to its end; what an earlier process finished is not done again.

    Raises:
        RungwiseError: the rung cannot go on.
    """
    with FileLock(run.cell_file(cell, ".lock")):
        if run.finished(cell):
            return
        name, seed = parse_cell(cell)
        view = run.view()
        bench = workbench_of(run, view, cell, seed, saying(run, cell))
        run.say("started", "", cell)
        if name == INDEX:
            started = time.perf_counter()
            settle_passage_size(bench, view)
            build_search(bench, view, run.queries())
            preparation = Preparation(seconds=time.perf_counter() - started)
        else:
            if name not in FLOORS:
                _ = bench.generator  # opened before the clocks of preparing and answering run
            rung, energy = _rung(name, view, bench), _meter(bench)
            preparation = prepare_open(run, cell, rung, bench.given, energy)
            answer_open(run, cell, rung, bench.timed_queries, energy)
            if isinstance(rung, ReadsPairs) and not run.pair_readings(cell):
                bench.say("Reading the held-out pairs", {})
                run.keep_pair_readings(cell, rung.read_pairs(run.pair_queries()))
        close_cell(run, cell, preparation, bench)


def close_cell(run: Run, cell: str, preparation: Preparation, bench: Workbench) -> None:
    """Write a cell whose questions are all answered; of `bench`, what was opened is recorded."""
    results = run.partial_results(cell)
    name, seed = parse_cell(cell)
    opened = vars(bench)
    finished = Cell(
        cell=cell,
        rung=name,
        seed=seed,
        preparation=preparation,
        answers=tuple(r for r in results if isinstance(r, Answer)),
        failures=tuple(r for r in results if isinstance(r, Failure)),
        answer_s=run.partial_seconds(cell),
        peak_memory_bytes=peak_memory_bytes() + bench.held_elsewhere,
        path=bench.generator.path if "generator" in opened else "",
        device=bench.device.name if "device" in opened else "",
        precision=bench.device.precision if "device" in opened else "",
        rendering=rendering(bench.spec),
        weights=bench.generator.revision if "generator" in opened else "",
        manner=bench.generator.manner if "generator" in opened else "",
        contention=run.contention(cell),
        answer_joules=run.partial_joules(cell),
        pairs=run.pair_readings(cell),
    )
    write_json(run.cell_file(cell), finished)
    run.cell_file(cell, ".partial.jsonl").unlink(missing_ok=True)
    run.say("finished", "", cell, {"answers": len(finished.answers)})


def _rung(name: str, view: TrainView, bench: Workbench) -> Rung:
    """A rung, floor or ceiling at work. Only a ceiling is told which passages are right."""
    if name in CEILINGS:
        return ReadingCeiling(name, view, bench)
    return (FLOORS.get(name) or rung_type(name).build)(view, bench)


def cell_name(rung: str, seed: int) -> str:
    """Name of a cell, also of its files."""
    return f"{rung}-s{seed}"


def parse_cell(cell: str) -> tuple[str, int]:
    """Rung and seed of a cell's name."""
    rung, _, seed = cell.rpartition("-s")
    return rung, int(seed)


def saying(run: Run, cell: str) -> Say:
    """A way to report into the run's events what a cell is at."""
    last: list[Any] = [0.0, ""]

    def say(message: str, figures: Mapping[str, Json]) -> None:
        # steps come many a second; one event a second is enough to watch
        if message == last[1] and time.monotonic() - last[0] < 1.0:
            return
        last[0], last[1] = time.monotonic(), message
        run.say("doing", message, cell, dict(figures))

    return say


def _meter(bench: Workbench) -> EnergyMeter:
    """Counts the energy of this machine; that of an endpoint's is not known here."""
    opened = vars(bench)
    if "generator" in opened and bench.generator.path == "endpoint":
        return EnergyMeter(())
    return EnergyMeter(find_counters("device" in opened and bench.device.kind == "cuda").counters)


def prepare_open(
    run: Run, cell: str, rung: Rung, given: Given, energy: EnergyMeter | None = None
) -> Preparation:
    """Learn and choose, or take up what an earlier process has learned and chosen.

    Of its settings, those that the user decided (`given`) are named.
    """
    energy = energy or EnergyMeter(())
    earlier = run.prepared(cell)
    if earlier is not None:
        rung.prepare(earlier.settings)
        return earlier
    begun = run.cell_file(cell, ".preparing")
    broken_off = begun.exists()
    begun.parent.mkdir(parents=True, exist_ok=True)
    begun.touch()
    started = time.perf_counter()
    energy.read()  # what was before does not count
    prepared = rung.prepare(None)
    seconds = time.perf_counter() - started
    joules = energy.read()
    # what an earlier process took is not known, nor what other cards did
    if broken_off or "processes" in prepared.settings:
        joules = None
    by_user = given.among(prepared.settings)
    effort = {**prepared.effort, SET_BY_USER: by_user} if by_user else prepared.effort
    preparation = Preparation(prepared.settings, effort, seconds, joules)
    write_json(run.cell_file(cell, ".prepared.json"), preparation)
    begun.unlink(missing_ok=True)
    return preparation


def answer_open(
    run: Run, cell: str, rung: Rung, timed_queries: int, energy: EnergyMeter | None = None
) -> None:
    """Answer what is still open, keeping answers as they come.

    Args:
        run: whose questions.
        cell: under which the answers are kept.
        rung: prepared.
        timed_queries: so many are answered one at a time, over all processes.
        energy: counts what answering takes.
    """
    energy = energy or EnergyMeter(())
    stored = run.partial_results(cell)
    have = {result.query_id for result in stored}
    queries = run.queries()
    left = [query for query in queries if query.id not in have]
    done = len(have)
    # not all that came was timed: a rung may have answers for which it asks no model
    before = sum(isinstance(r, Failure) or r.latency_s is not None for r in stored)
    timed = max(0, min(timed_queries - before, len(left)))
    since = time.perf_counter()
    energy.read()
    results = _watched(run, cell, rung.answer(left, timed))
    for batch in _batches(results):
        run.append_results(cell, batch, time.perf_counter() - since, energy.read())
        since = time.perf_counter()
        done += len(batch)
        run.say("answered", "", cell, {"done": done, "total": len(queries)})
    energy.close()


def _watched(
    run: Run, cell: str, results: Iterator[Answer | Failure]
) -> Iterator[Answer | Failure]:
    """The same results; what others did to the processor until the last timed one is kept."""
    meter = Meter()
    for result in results:
        timed = isinstance(result, Answer) and result.latency_s is not None
        found = meter.read() if timed else None
        if found is not None:
            write_json(run.cell_file(cell, ".machine.json"), found)
        yield result


def _batches(results: Iterator[Answer | Failure]) -> Iterator[list[Answer | Failure]]:
    """Results in groups: written when a second has passed or enough have gathered."""
    held: list[Answer | Failure] = []
    since = time.monotonic()
    for result in results:
        held.append(result)
        if len(held) >= BATCH or time.monotonic() - since >= WRITE_EVERY_S:
            yield held
            held, since = [], time.monotonic()
    if held:
        yield held


def end_with_parent() -> None:
    """Stop this process when its parent is gone: a killed check must leave no worker behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def run_all(run: Run, cells: Sequence[str], work: Callable[[Run, str], None]) -> int:
    """Bring cells to their end one after the other; what stops one is said in the run's events.

    Returns:
        The exit status.
    """
    end_with_parent()
    for cell in cells:
        try:
            work(run, cell)
        except RungwiseError as error:
            ends = {ENDS_RUN: True} if isinstance(error, RunError) else {}
            for problem in error.problems:
                run.say("failed", str(problem), cell, {"fix": problem.fix, **ends})
            return error.exit_code
        except TuningError as error:  # a model that cannot be opened or has no chat template
            run.say("failed", error.reason, cell, {"fix": error.fix})
            return JobError.exit_code
        except (RuntimeError, MemoryError) as error:  # where no fewer rows could be tried
            if not ran_out(error):
                raise
            traceback.print_exception(error)  # for the log
            said = (str(error).splitlines() or ["the system gave none"])[0]
            run.say("failed", f"memory ran out: {said[:200]}", cell, {"fix": MORE_ROOM})
            return JobError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(run_all(Run(Path(sys.argv[1])), sys.argv[2:], run_cell))
