"""What is done to a finished run: each thing in a folder beside it, one of them at a time.

Such a folder is laid out like a run: plan first, data, cells, events, lock, the result last.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from harness.disk import decode
from harness.errors import JobError, Problem, UserError
from harness.executors.local import run_process
from harness.locking import alone
from harness.runner import LOCK, is_running
from harness.store import Run
from harness.watch import OnEvent, Watch, forget_old_request

PLAN = "plan.json"


class Kept(Protocol):
    """A plan or a result on disk."""

    @property
    def schema(self) -> int:
        """The version that wrote it."""
        ...


Stored = TypeVar("Stored", bound=Kept)


def store_of(run: Run, name: str) -> Run:
    """The folder of what is done, by its name."""
    return Run(run.folder / "probes" / name)


def run_of(store: Run) -> Run:
    """The run that such a folder lies in."""
    return Run(store.folder.parents[1])


def read(store: Run, name: str, kind: type[Stored], schema: int) -> Stored | None:
    """A plan or a result; None where there is none.

    Raises:
        UserError: it is damaged, or of another version; the fix says what to remove.
    """
    file = store.folder / name
    if not file.is_file():
        return None
    try:
        found = decode(file.read_bytes(), kind, file)
    except UserError as error:
        raise _damaged(error.problems[0].message, file, store) from error
    if found.schema != schema:
        raise _damaged(f"it has schema {found.schema}, this version reads {schema}", file, store)
    return found


def _damaged(why: str, file: Path, store: Run) -> UserError:
    again = f"rungwise probe {run_of(store).folder} {store.name}"
    what = f"the folder {store.folder}" if file.name == PLAN else "the file"
    return UserError(Problem(why, f"remove {what}, then: {again}", str(file)))


def is_probing(run: Run, but: str = "") -> bool:
    """True while a process works in such a folder of the run; `but` is left out."""
    folders = (run.folder / "probes").glob("*/")
    return any(is_running(Run(folder)) for folder in folders if folder.name != but)


def refuse_while_busy(run: Run, but: str = "") -> None:
    """Raise a `UserError` while a process works in such a folder of the run."""
    if is_probing(run, but):
        raise UserError(_busy(run))


@contextlib.contextmanager
def only_here(store: Run) -> Iterator[None]:
    """Work in a folder while nobody works in it or beside it.

    Raises:
        UserError: somebody does.
    """
    run = run_of(store)
    refuse_while_busy(run, but=store.name)
    with alone(store.folder / LOCK, _busy(run)):
        yield


def _busy(run: Run) -> Problem:
    what = "a probe is working on this run"
    return Problem(what, "wait for it, or stop it", run.name)


def run_cells(
    store: Run,
    cells: Sequence[str],
    module: str,
    on_event: OnEvent,
    prepares: Callable[[str], bool] = lambda cell: False,
) -> dict[str, str]:
    """Bring cells to their end, each in a process of its own; one that fails stops no other.

    Args:
        store: the folder.
        cells: in this order; finished ones are not run again.
        module: what the process runs.
        on_event: told of every event.
        prepares: whether the others cannot do without a cell.

    Returns:
        Cells that failed, with the reason.

    Raises:
        JobError: it was stopped, or nothing but failures came of it.
    """
    forget_old_request(store)
    watch = Watch(
        store, on_event, f"go on with: rungwise probe {run_of(store).folder} {store.name}"
    )
    failed: dict[str, str] = {}
    store.say("started", figures={"cells": list(cells)})
    try:
        for cell in cells:
            if store.finished(cell):
                continue
            status = run_process(store, [cell], watch, module)
            if not store.finished(cell):
                failed[cell] = watch.why(cell, cell, status)
                if prepares(cell):
                    break
    except BaseException:  # also when the user interrupts: say so, then let it through
        store.say("cancelled", "stopped; what is finished is kept")
        raise
    if failed and not any(store.finished(cell) for cell in cells if not prepares(cell)):
        raise JobError(*(Problem(why, watch.fix, cell) for cell, why in failed.items()))
    store.say("finished", figures={"failed": dict(failed)})
    watch()
    return failed
