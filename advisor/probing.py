"""Probes after the check, in order: begin, ask again, stop.

What finished ones found is read with `harness.probe_measuring.results`.
"""

from pathlib import Path

from advisor import background, workflow
from advisor.progress import ask_to_stop
from harness import probing
from harness.beside import store_of
from harness.errors import Problem, UserError
from harness.probe_result import AnyResult
from harness.store import Run
from harness.watch import STARTING_PROBE, OnEvent, announce
from rag.errors import DocumentError
from rag.load import load_folder
from rag.types import Document


def begin(run: Run, name: str, count: int | None = None, documents: Path | None = None) -> Run:
    """Change copies of a finished run's documents; nothing is asked yet.

    Args:
        run: whose check has ended.
        name: of the probe.
        count: changes at most; None goes on with what an earlier command began.
        documents: the user's own edited copy of the documents; None for made-up changes.

    Returns:
        The probe's folder.

    Raises:
        UserError: the run is not finished, nothing can be changed in it, or a document cannot be
            read.
    """
    workflow.finished(run)
    return probing.begin(run, name, count, _read(documents) if documents else ())


def _read(folder: Path) -> tuple[Document, ...]:
    """Every document of a folder.

    Raises:
        UserError: one of them cannot be read: without it facts would seem to be gone.
    """
    try:
        loaded = load_folder(folder)
    except DocumentError as error:
        raise UserError(Problem(error.reason, error.fix, str(folder))) from error
    if loaded.problems:
        wrong = (Problem(e.reason, e.fix, str(folder / e.source)) for e in loaded.problems)
        raise UserError(*wrong)
    return loaded.documents


def probe(store: Run, on_event: OnEvent = lambda event: None) -> AnyResult:
    """Ask every rung that reads, and measure; what is finished is not asked again."""
    return probing.run_probe(store, on_event)


def start_in_background(run: Run, name: str) -> None:
    """Begin a probe and run it as a process of its own that outlives the app."""
    store = begin(run, name)
    announce(store, STARTING_PROBE)
    background.start(["probe", str(run.folder), name], store.folder / "probe.log")


def cancel(run: Run, name: str) -> bool:
    """Ask a probe to stop, also one that is starting; False when nothing runs."""
    store = store_of(run, name)
    return store.folder.is_dir() and ask_to_stop(store)
