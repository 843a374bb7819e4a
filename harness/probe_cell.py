"""One rung asked again, in a process of its own: ``python -m harness.probe_cell FOLDER CELL``.

No rung is given the file with the references; only the test of memorisation opens it, to read rows
that no training saw. Answers go to disk as they come, so a new process
goes on where this one was stopped.
"""

import dataclasses
import shutil
import sys
import time
from pathlib import Path

from filelock import FileLock

from harness.beside import run_of
from harness.cell import INDEX, answer_open, close_cell, parse_cell, run_all, saying
from harness.disk import read_lines
from harness.probes import probe_type
from harness.reopen import reopen, workbench_of
from harness.retrieval import open_index, passages_of
from harness.store import Run
from harness.trained import TrainedProbe
from harness.trained_cell import ask_cell
from harness.types import Preparation
from rag.types import Document

OPENING = ("One.", "Two.")
"""Texts that are embedded so that the embedder is open before the clock runs."""


def ask_again(store: Run, cell: str) -> None:
    """Bring one cell of a probe to its end; what an earlier process finished is not done again.

    Raises:
        RungwiseError: the rung cannot be opened or cannot go on.
    """
    probe = probe_type(store.name)
    if isinstance(probe, TrainedProbe):
        return ask_cell(store, cell, probe)
    with FileLock(store.cell_file(cell, ".lock")):
        if store.finished(cell):
            return
        run = run_of(store)
        documents = tuple(read_lines(store.folder / "data" / "documents.jsonl", Document))
        name, seed = parse_cell(cell)
        say, folder = saying(store, cell), store.folder / "index"
        store.say("started", "", cell)
        if name == INDEX:
            view, words = run.view(), run.passage_size().words
            before = {passage.with_headings for passage in passages_of(view.documents, words)}
            view = dataclasses.replace(view, documents=documents)
            bench = workbench_of(run, view, cell, seed, say, folder)
            changed = (passage.with_headings for passage in passages_of(documents, words))
            # an earlier probe may have embedded the same changes, which would make it look quicker
            bench.embedder.as_if_new([text for text in changed if text not in before])
            shutil.rmtree(folder, ignore_errors=True)  # and so would half of an index
            bench.embedder.seconds_alone(OPENING)  # a service has its embedder open
            started = time.perf_counter()
            open_index(bench, documents)
            preparation = Preparation(seconds=time.perf_counter() - started)
        else:
            rung, bench, preparation = reopen(run, cell, documents, folder, say)
            answer_open(store, cell, rung, 0)
        close_cell(store, cell, preparation, bench)


if __name__ == "__main__":
    sys.exit(run_all(Run(Path(sys.argv[1])), sys.argv[2:], ask_again))
