"""The right to be forgotten: a document out of what a project keeps to be quick.

Indexes and vectors are made from documents and can be made again. What a run has measured is a
record: it is not changed, but it is said in which runs the text still stands.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from filelock import FileLock

from harness.beside import is_probing
from harness.errors import Problem, UserError
from harness.retrieval import passages_of
from harness.runner import is_running
from harness.store import Run, runs_in
from harness.workbench import EMBEDDINGS
from rag.embed import forget
from rag.index import holds


@dataclass(frozen=True, slots=True)
class Standing:
    """A run in which a document still stands."""

    run: str
    places: tuple[str, ...]
    """Of documents, answers, adapters, report, probes."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of a document, and where it still stands."""

    document: str
    vectors: int
    """Taken out of the project's cache: those of its passages, and any whose text is unknown."""
    indexes: tuple[str, ...]
    """Runs whose index was removed; it is made again if such a run goes on."""
    standing: tuple[Standing, ...]

    @property
    def known(self) -> bool:
        """Whether a run or an index held a document of this name."""
        return bool(self.indexes or self.standing)


def documents_known(project: Path) -> tuple[str, ...]:
    """Names of all documents that the runs of a project have read, in alphabetical order."""
    read = (one.source for run in runs_in(project) for one in run.view().documents)
    return tuple(sorted(set(read)))


def forget_document(project: Path, document: str) -> Forgotten:
    """Remove a document's passages and vectors from the caches of a project's runs.

    Blocks that a file system has freed, backups and files that were handed on are beyond this.

    Args:
        project: its folder.
        document: `Document.source`.

    Raises:
        UserError: a check or a probe is running, which would write what is removed.
    """
    runs = runs_in(project)
    at_work = {"the check": is_running, "a probe": is_probing}
    busy = [
        Problem(f"{what} is running", "wait until it has ended, or stop it", run.name)
        for run in runs
        for what, works in at_work.items()
        if works(run)
    ]
    if busy:
        raise UserError(*busy)
    indexes = tuple(run.name for run in runs if _remove_indexes(run, document))
    kept = (text for run in runs for text in _texts(run, document))
    gone = forget(project / "runs" / EMBEDDINGS, kept)
    standing = tuple(found for run in runs if (found := _standing(run, document)).places)
    return Forgotten(document, gone, indexes, standing)


def _remove_indexes(run: Run, document: str) -> bool:
    """Whether an index in the run's folder held the document; then it is gone whole."""
    folders = [one for one in run.folder.rglob("*") if one.is_dir() and holds(one, document)]
    for folder in folders:
        with FileLock(f"{folder}.lock"):
            shutil.rmtree(folder)
    return bool(folders)


def _texts(run: Run, document: str) -> Iterator[str]:
    """Everything that a run embeds, but for the document."""
    view = run.view()
    yield from (example.question for example in (*view.train, *view.dev))
    yield from (query.text for query in run.queries())
    words = run.passage_size().words
    others = [one for one in view.documents if one.source != document]
    yield from (passage.with_headings for passage in passages_of(others, words))


def _standing(run: Run, document: str) -> Standing:
    """The places of a run that hold the document or were made from it."""
    name = msgspec.json.encode(document)

    def within(folder: Path, pattern: str) -> bool:
        return any(name in file.read_bytes() for file in folder.glob(pattern) if file.is_file())

    here = within(run.folder / "data", "documents.jsonl")
    found = {
        "documents": here,
        "answers": within(run.folder / "cells", "*.json*"),
        # what was learned from the document does not say so
        "adapters": here and any((run.folder / "adapters").glob("*")),
        "report": here and any((run.folder / "report").glob("*")),
        # also where only the user's own edited copy holds it
        "probes": within(run.folder / "probes", "*/**/*.json*"),
    }
    return Standing(run.name, tuple(place for place, holds in found.items() if holds))
