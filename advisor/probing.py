"""Probes after the check, in order: begin, ask again, stop.

What finished ones found is read with `harness.probe_measuring.results`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from advisor import background, workflow
from advisor.placing import doubled
from advisor.progress import ask_to_stop
from harness import probing
from harness.beside import store_of
from harness.errors import Problem, UserError
from harness.probe_measuring import finished_cells, reads
from harness.probe_result import AnyResult
from harness.probes import probe_type
from harness.retraining import trained_cells
from harness.store import Run
from harness.trained import TrainedProbe
from harness.trained_measuring import why_untested
from harness.watch import STARTING_PROBE, OnEvent, announce
from rag.errors import DocumentError
from rag.load import load_folder
from rag.types import Document


def begin(
    run: Run,
    name: str,
    count: int | None = None,
    documents: Path | None = None,
    secrets: bool = False,
) -> Run:
    """Change copies of a finished run's documents; nothing is asked yet.

    Args:
        run: whose check has ended.
        name: of the probe.
        count: changes at most; None goes on with what an earlier command began.
        documents: the user's own edited copy of the documents; None for made-up changes.
        secrets: plant made-up secrets too; see `harness.probing.begin`.

    Returns:
        The probe's folder.

    Raises:
        UserError: the run is not finished, nothing can be changed in it, or a document cannot be
            read.
    """
    workflow.finished(run)
    return probing.begin(run, name, count, _read(documents) if documents else (), secrets)


def obstacle(run: Run, name: str) -> str:
    """Why a probe cannot be begun on a finished run, in a sentence; empty where it can.

    Only what can be told at a glance: whether anything can be changed shows when it is begun.
    """
    probe = probe_type(name)
    if isinstance(probe, TrainedProbe):
        if not trained_cells(run):
            return "Nothing was trained in this check."
        none = "No rung of this check has an adapter that was trained on the training rows alone."
        return none if why_untested(run, probe) else ""
    documents = run.folder / "data" / "documents.jsonl"
    if not documents.is_file() or not documents.stat().st_size:
        return "This check had no documents in which anything could be changed."
    if not any(reads(cell) for cell in finished_cells(run)):
        return "No rung of this check reads documents."
    return ""


def _read(folder: Path, shown: Path | None = None) -> tuple[Document, ...]:
    """Every document of a folder.

    Args:
        folder: with the files.
        shown: how the folder is called in an error; by default as it is.

    Raises:
        UserError: one of them cannot be read: without it facts would seem to be gone.
    """
    named = folder if shown is None else shown
    try:
        loaded = load_folder(folder)
    except DocumentError as error:
        raise UserError(Problem(error.reason, error.fix, str(named))) from error
    if loaded.problems:
        wrong = (Problem(e.reason, e.fix, str(named / e.source)) for e in loaded.problems)
        raise UserError(*wrong)
    return loaded.documents


def probe(store: Run, on_event: OnEvent = lambda event: None) -> AnyResult:
    """Ask every rung that reads, and measure; what is finished is not asked again."""
    return probing.run_probe(store, on_event)


def start_in_background(
    run: Run, name: str, edited: Sequence[tuple[str, bytes]] = (), secrets: bool = False
) -> None:
    """Begin a probe and run it as a process of its own that outlives the app.

    Args:
        run: whose check has ended.
        name: of the probe.
        edited: names and bytes of documents that the user has changed; those that are not among
            them are as they were. None for made-up changes.
        secrets: plant made-up secrets too.

    Raises:
        UserError: as `begin`; a file that is none of the run's documents.
    """
    workflow.finished(run)
    store = probing.begin(run, name, None, _with_edits(run, edited) if edited else (), secrets)
    announce(store, STARTING_PROBE)
    background.start(["probe", str(run.folder), name], store.folder / "probe.log")


def _with_edits(run: Run, edited: Sequence[tuple[str, bytes]]) -> tuple[Document, ...]:
    """The run's documents, those in whose place an edited file stands read anew."""
    documents = run.view().documents
    sources: dict[str, list[str]] = {}
    for source in dict.fromkeys(document.source for document in documents):
        sources.setdefault(PurePosixPath(source).name, []).append(source)
    names = [name for name, _ in edited]
    problems = doubled(names, "give each document once")
    for name in dict.fromkeys(names):
        if len(sources.get(name, ())) != 1:
            several = name in sources
            said = "several documents have this name" if several else "the run has no such document"
            fix = "use: rungwise probe RUN freshness --documents FOLDER" if several else (
                "give edited copies under the names of the documents"
            )  # fmt: skip
            problems.append(Problem(said, fix, name))
    if problems:
        raise UserError(*problems)
    with TemporaryDirectory() as folder:
        for name, content in edited:
            (Path(folder) / name).write_bytes(content)
        read = _read(Path(folder), Path())
    anew: dict[str, list[Document]] = {}
    for one in read:
        (source,) = sources[one.source]
        named = replace(one, source=source, id=source + one.id.removeprefix(one.source))
        anew.setdefault(source, []).append(named)
    kept = [document for document in documents if document.source not in anew]
    return (*kept, *(one for group in anew.values() for one in group))


def cancel(run: Run, name: str) -> bool:
    """Ask a probe to stop, also one that is starting; False when nothing runs."""
    store = store_of(run, name)
    return store.folder.is_dir() and ask_to_stop(store)
