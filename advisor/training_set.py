"""The training rows as other programs take them: the rungs' own prompts, train rows only.

Dev rows chose settings and held-out rows measure: a model trained on either elsewhere could not be
judged by them any more, so neither is ever written.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

from advisor import workflow
from advisor.numbers import count
from advisor.pair_formats import PAIR_FORMATS, PairRow
from advisor.project import Project
from advisor.training_format import Row
from advisor.training_formats import training_format
from harness.cell import cell_name
from harness.disk import write_whole
from harness.errors import JobError, Problem, UserError
from harness.prompts import render, target
from harness.reopen import reopen
from harness.retrieval import INDEX_FOLDER
from harness.store import Run
from harness.trials import Lesson
from harness.types import Example, Preference, Task, TaskSpec

READER = "rag_finetune"
"""The rung that is trained on rows with passages."""


class Taught(Protocol):
    """A rung that can say what it was trained on."""

    def taught(self) -> list[Lesson]:
        """Every row, as it was put before the model."""
        ...


def of_run(run: Run) -> list[Row]:
    """The rows that a run's rungs learned from."""
    view = run.view()
    return _rows(view.spec, view.train)


def of_rung(run: Run, rung: str) -> list[Row]:
    """The same with what one rung had before each question when it was trained.

    Raises:
        UserError: the rung was trained on the bare rows, or is not finished.
        JobError: a model it needs cannot be opened.
    """
    if rung != READER:
        fix = "leave --rung out"
        raise UserError(Problem(f"only {READER} was trained on other rows", fix, "--rung"))
    view = run.view()
    index = run.folder / INDEX_FOLDER
    opened = reopen(run, cell_name(rung, 0), view.documents, index, lambda what, figures: None)
    lessons = cast(Taught, opened.rung).taught()
    return [
        Row(one.asked.prompt.system, one.asked.prompt.user, target(view.spec, one.example))
        for one in lessons
    ]


def of_project(project: Project) -> list[Row]:
    """The rows that a check of the project would learn from.

    Raises:
        UserError: the data cannot be used.
    """
    task = _task(project)
    return _rows(task.spec, task.train)


def pairs_of_run(run: Run) -> list[PairRow]:
    """The preference pairs that a run's rung learned from."""
    view = run.view()
    return _pairs(view.spec, view.preferences)


def pairs_of_project(project: Project) -> list[PairRow]:
    """The pairs that a check of the project would learn from.

    Raises:
        UserError: the data cannot be used.
    """
    task = _task(project)
    return _pairs(task.spec, task.preferences.train)


def _task(project: Project) -> Task:
    loaded = workflow.load(project)
    if loaded.task is None:
        raise UserError(*loaded.problems)
    return loaded.task


def _rows(spec: TaskSpec, train: Sequence[Example]) -> list[Row]:
    rows = []
    for example in train:
        prompt = render(spec, example.question)
        rows.append(Row(prompt.system, prompt.user, target(spec, example)))
    return rows


def _pairs(spec: TaskSpec, pairs: Sequence[Preference]) -> list[PairRow]:
    rows = []
    for one in pairs:
        prompt = render(spec, one.question)
        rows.append(PairRow(prompt.system, prompt.user, one.chosen, one.rejected))
    return rows


def as_bytes(rows: Sequence[Row], name: str) -> bytes:
    """The rows in a format, read back to make sure that nothing is lost.

    Raises:
        UserError: there is no such format; the fix lists them.
        JobError: what was written is not what is read.
    """
    chosen = training_format(name)
    return _checked(chosen.write(rows), chosen.read, rows, name)


def _checked(
    written: bytes, read: Callable[[bytes], Sequence[object]], rows: Sequence[object], name: str
) -> bytes:
    if list(read(written)) != list(rows):
        raise JobError(Problem("the rows read back are not those that were written", "use another "
                               "format, and report this", name))  # fmt: skip
    return written


def write(rows: Sequence[Row], name: str, out: Path) -> str:
    """Write the rows to a new file; returns what was written, in words.

    Raises:
        UserError: there is no such format, or the file is there already.
        JobError: the file cannot be written.
    """
    _to_file(as_bytes(rows, name), out)
    return _words(count(len(rows), "training row"), training_format(name).title)


def write_pairs(pairs: Sequence[PairRow], name: str, out: Path) -> str:
    """The same for preference pairs.

    Raises:
        UserError: there are no pairs, or the file is there already.
        JobError: the file cannot be written.
    """
    if not pairs:
        fix = "name a file of pairs under [data] preferences, or write --training-set trl"
        raise UserError(Problem("there are no preference pairs", fix, "--training-set"))
    chosen = PAIR_FORMATS[name]
    _to_file(_checked(chosen.write(pairs), chosen.read, pairs, name), out)
    return _words(count(len(pairs), "preference pair"), chosen.title)


def _to_file(written: bytes, out: Path) -> None:
    if out.exists():
        raise UserError(Problem("is there already", "give another name with --out", str(out)))
    write_whole(out, written)


def _words(what: str, title: str) -> str:
    return f"{what} for {title}, no dev row and no held-out row among them"
