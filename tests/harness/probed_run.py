"""A finished run on the tiny model whose rungs can be asked again; no process is started."""

import dataclasses
from pathlib import Path

from harness import reopen as reopening
from harness.cell import run_cell
from harness.probe_cell import ask_again
from harness.store import Run
from harness.types import Task
from tests.advisor.report_runs import start
from tests.harness.rung_bench import DEV, HELDOUT, NEW_TOKENS, SPEC, TRAIN, VIEW, Bench

CELLS = ["majority-s0", "prompt-s0", "rag-s0", "finetune-s0", "finetune-s1", "rag_finetune-s0"]


def make_run(folder: Path, model: Path, patch, cells: list[str] = CELLS) -> Run:
    """Cells finished by the real code; the embedder hashes words."""
    patch.setattr(reopening, "Workbench", Bench)
    task = Task(SPEC, TRAIN, DEV, HELDOUT, VIEW.documents, "f1")
    run = start(folder / "runs" / "first", task, cells)
    plan = dataclasses.replace(run.plan(), generator=model.as_posix(), max_new_tokens=NEW_TOKENS)
    run.create(plan, task)
    for cell in cells:
        run_cell(run, cell)
    return run


def in_this_process(run: Run, cells: list[str], watch, module: str) -> int:
    """Stands in for `run_process`: the same work without a process of its own."""
    assert module == "harness.probe_cell"
    for cell in cells:
        ask_again(run, cell)
    watch()
    return 0
