"""A project's data, read and audited beside the pages, which show how far that is.

One project at a time, in one thread: PDF files must not be read in two at once.
"""

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import streamlit as st

from advisor import workflow
from advisor.audit import AuditReport
from advisor.auditing import audit_of
from advisor.page_parts.frame import first_line
from advisor.project import ANSWERS, Project
from harness.task import Loaded

PATIENCE_S = 1.0
"""Pages wait until work is so old; then they show how far it is, and end."""
EVERY_S: Final = 0.5
_MOST_KEPT: Final = 2
"""Projects; one can be large."""

_T = TypeVar("_T")


class Look:
    """The work on one project as its files are now, once for all windows that show it."""

    def __init__(self, project: Project, stamp: str) -> None:
        self.stamp = stamp
        self._began = time.monotonic()
        self.at = ("The data is next", 0, 1)
        """What is done, its part from 1, and of how many."""
        self._project = project
        self._stopped = False
        self.loaded: Future[Loaded] = _WORKER.submit(self._load)
        self.report: Future[AuditReport] = _WORKER.submit(self._audit)

    def is_over(self, future: Future[_T]) -> bool:
        """Whether the reading, or the audit, is done now or before pages lose patience."""
        left = self._began + PATIENCE_S - time.monotonic()
        return bool(wait([future], max(0.0, left)).done)

    def stop(self) -> None:
        """Give up what nobody will see."""
        self._stopped = True
        self.loaded.cancel()
        self.report.cancel()

    def _load(self) -> Loaded:
        self.at = ("Reading the data", 0, 1)
        return workflow.load(self._project, lambda n, of: self._step("Reading documents", n, of))

    def _audit(self) -> AuditReport:
        return audit_of(
            self._project,
            self.loaded.result(),
            lambda n, of: self._step("Looking for what is odd", n, of),
        )

    def _step(self, doing: str, number: int, total: int) -> None:
        if self._stopped:
            raise CancelledError
        self.at = (doing, number, total)


_WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look")
_LOOKS: dict[Path, Look] = {}
_LOOKS_LOCK = Lock()


def look_at(project: Project) -> Look:
    """What is known of the project's data, or the work on it; begun anew when a file changes."""
    now = _stamp(project)
    with _LOOKS_LOCK:
        look = _LOOKS.pop(project.root, None)
        if look is None or look.stamp != now:
            if look is not None:
                look.stop()
            look = Look(project, now)
        _LOOKS[project.root] = look  # the last one used stands last
        while len(_LOOKS) > _MOST_KEPT:
            _LOOKS.pop(next(iter(_LOOKS))).stop()
    return look


def result_of(project: Project, future: Future[_T]) -> _T:
    """What finished work gave. Work that failed is begun anew when the page is next drawn."""
    try:
        return future.result()
    except CancelledError:
        st.rerun()
    except Exception:
        with _LOOKS_LOCK:
            _LOOKS.pop(project.root, None)
        raise


def loaded_or_stop(where: str, project: Project) -> Loaded:
    """The project's data; while it is being read the page says so and ends."""
    look = look_at(project)
    if not look.is_over(look.loaded):
        first_line(where, project.name, "The data is being read.")
        watch(look, look.loaded)
        st.stop()
    return result_of(project, look.loaded)


def look_over(project: Project) -> tuple[Loaded, AuditReport]:
    """The project's data and its audit; the page waits, and shows how far they are."""
    look, place = look_at(project), st.empty()
    while not look.report.done():
        with place:
            _show(look)
        wait([look.report], EVERY_S)
    place.empty()
    return result_of(project, look.loaded), result_of(project, look.report)


def report_at_hand(project: Project) -> AuditReport | None:
    """The project's audit, if an earlier page has come to its end."""
    look = look_at(project)
    return result_of(project, look.report) if look.report.done() else None


@st.fragment(run_every=EVERY_S)
def watch(look: Look, future: Future[_T]) -> None:
    """How far the work is; the page is drawn anew when it has come to its end."""
    if future.done():
        st.rerun()
    with st.container(key="waiting"):
        _show(look)


def _show(look: Look) -> None:
    doing, number, total = look.at
    words = f"{doing}: {number:,} of {total:,}" if number else f"{doing} …"
    st.progress(max(0, number - 1) / total, text=words)


def _stamp(project: Project) -> str:
    """Changes whenever something in a project changes that its data depends on."""
    files = sorted({file for file in _files(project) if file.is_file()})
    return str(hash(tuple((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files)))


def _files(project: Project) -> Iterator[Path]:
    yield from (file for file in project.root.glob("*") if file.name != ANSWERS)
    for folder in {project.root / "data", project.sources().documents}:
        if folder is not None:
            yield from folder.rglob("*")
