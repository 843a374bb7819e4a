"""Ours and stock parts at the same work, in turn, each in a process of its own.

A process of its own, so that memory is each side's and neither finds the other's caches warm. While
one works the others wait, so whatever else keeps the machine busy is somebody else's.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.contention import Meter
from harness.device import peak_memory_bytes
from harness.types import Json

REPEATS = 3
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONWARNINGS": "ignore",
}
"""What the stock libraries would say, ask the network for, or do beside the work."""


class Done(NamedTuple):
    """What a side gave for a job."""

    outputs: list[Json]
    """Texts, losses, rows: what tells whether both sides did the same."""
    seconds: float | None = None
    """Where a side has to time itself, for it cannot begin without setting up; None: all of it."""


Work: TypeAlias = Callable[[str], Done]
"""Does a job by its name."""


@dataclass(frozen=True, slots=True)
class Side:
    """One way to do the work.

    Args:
        name: for people.
        make: a function of a module: loads, warms up, and returns the work.
        args: what it takes; sent to the process.
    """

    name: str
    make: Callable[..., Work]
    args: tuple[Any, ...] = ()


class Turn(NamedTuple):
    """One side's one go at a job."""

    seconds: float
    outputs: list[Json]
    peak_bytes: int
    """The most memory of the process during it."""
    others: float | None
    """Cores that others kept busy meanwhile; None where it was over too soon to tell."""


def in_turn(
    sides: Sequence[Side], jobs: Mapping[str, Sequence[str]], repeats: int = REPEATS
) -> dict[str, dict[str, list[Turn]]]:
    """Every job by its sides, one after the other, several times over.

    Args:
        sides: all that take part.
        jobs: each job's name to the names of the sides that do it.
        repeats: goes of each side; every second round is in the opposite order. The seconds of
            each are said as they come.

    Returns:
        Job to side to its turns. A side that fails ends the measurement with its own traceback.
    """
    found: dict[str, dict[str, list[Turn]]] = {}
    with _opened(sides) as opened:
        for job, names in jobs.items():
            turns: dict[str, list[Turn]] = {name: [] for name in names}
            for round_ in range(repeats):
                for name in names if round_ % 2 == 0 else reversed(names):
                    turns[name].append(_ask(name, opened[name], job))
                    print(f"{job}: {name}: {turns[name][-1].seconds:.1f} s", file=sys.stderr)
            found[job] = turns
    return found


@contextmanager
def _opened(sides: Sequence[Side]) -> Iterator[dict[str, Connection]]:
    """One process a side; loaded one after the other, so that none disturbs another's warm-up."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    context = multiprocessing.get_context("spawn")
    processes, pipes = [], {}
    try:
        for side in sides:
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(side, there), daemon=True)
            process.start()
            there.close()  # or its end would not be noticed here
            processes.append(process)
            pipes[side.name] = here
            _heard(side.name, here)
        yield pipes
    finally:
        for pipe in pipes.values():
            pipe.close()  # their end: no further job
        for process in processes:
            process.join(timeout=10)
            process.kill()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _ask(name: str, pipe: Connection, job: str) -> Turn:
    pipe.send(job)
    return Turn(*_heard(name, pipe))


def _heard(name: str, pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except EOFError as error:
        raise SystemExit(f"error: {name} ended\nfix: see its own words above") from error


def _serve(side: Side, pipe: Connection) -> None:
    """What a side's process does until there is no further job."""
    work = side.make(*side.args)
    pipe.send("ready")
    while (job := _next(pipe)) is not None:
        begin_peak()
        meter, started = Meter(), time.perf_counter()
        done = work(job)
        seconds = time.perf_counter() - started
        found = meter.read()
        pipe.send(
            (
                seconds if done.seconds is None else done.seconds,
                done.outputs,
                peak_bytes(),
                found.others if found else None,
            )
        )


def _next(pipe: Connection) -> str | None:
    """A job; None where there is no further one."""
    try:
        return str(pipe.recv())
    except EOFError:
        return None


def _card() -> Any:
    """torch.cuda where this process works on a card; else None."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch and torch.cuda.is_available() else None


def begin_peak() -> None:
    """Forget the most memory this process has held, where the system can."""
    if card := _card():
        card.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:  # then the peak is that of the whole process
        return


def peak_bytes() -> int:
    """The most memory this process has held since `begin_peak`: resident, and on a CUDA card."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                card = _card()
                return int(line.split()[1]) * 1024 + (card.max_memory_allocated() if card else 0)
    return peak_memory_bytes()
