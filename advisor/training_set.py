"""The training rows as other programs take them: the rungs' own prompts, train rows only.

Dev rows chose settings and held-out rows measure: a model trained on either elsewhere could not be
judged by them any more, so neither is ever written.
"""

from collections.abc import Sequence
from pathlib import Path

from advisor import workflow
from advisor.numbers import count
from advisor.project import Project
from advisor.training_format import Row
from advisor.training_formats import training_format
from harness.disk import writing
from harness.errors import JobError, Problem, UserError
from harness.prompts import render, target
from harness.store import Run
from harness.types import Example, TaskSpec


def of_run(run: Run) -> list[Row]:
    """The rows that a run's rungs learned from."""
    view = run.view()
    return _rows(view.spec, view.train)


def of_project(project: Project) -> list[Row]:
    """The rows that a check of the project would learn from.

    Raises:
        UserError: the data cannot be used.
    """
    loaded = workflow.load(project)
    if loaded.task is None:
        raise UserError(*loaded.problems)
    return _rows(loaded.task.spec, loaded.task.train)


def _rows(spec: TaskSpec, train: Sequence[Example]) -> list[Row]:
    rows = []
    for example in train:
        prompt = render(spec, example.question)
        rows.append(Row(prompt.system, prompt.user, target(spec, example)))
    return rows


def as_bytes(rows: Sequence[Row], name: str) -> bytes:
    """The rows in a format, read back to make sure that nothing is lost.

    Raises:
        UserError: there is no such format; the fix lists them.
        JobError: what was written is not what is read.
    """
    chosen = training_format(name)
    written = chosen.write(rows)
    if chosen.read(written) != list(rows):
        raise JobError(Problem("the rows read back are not those that were written", "use another "
                               "format, and report this", name))  # fmt: skip
    return written


def write(rows: Sequence[Row], name: str, out: Path) -> str:
    """Write the rows to a new file; returns what was written, in words.

    Raises:
        UserError: there is no such format, or the file is there already.
        JobError: the file cannot be written.
    """
    written = as_bytes(rows, name)
    if out.exists():
        raise UserError(Problem("is there already", "give another name with --out", str(out)))
    with writing(out):
        temporary = out.with_name(f".{out.name}.tmp")
        temporary.write_bytes(written)
        temporary.replace(out)
    return (
        f"{count(len(rows), 'training row')} for {training_format(name).title}, no dev row and no "
        "held-out row among them"
    )
