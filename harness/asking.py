"""One question to every rung of a finished run: the base is opened once, adapters are switched."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from harness.beside import only_here, store_of
from harness.cell import parse_cell
from harness.disk import decode, write_json
from harness.errors import JobError, Problem, RungwiseError, UserError
from harness.generators.local import LocalGenerator
from harness.probe_measuring import finished_cells
from harness.reopen import reopen
from harness.retrieval import INDEX_FOLDER
from harness.rungs import title_of
from harness.store import Run, now
from harness.types import Answer, Context, Failure, Query
from harness.workbench import Say, Workbench
from tuning.errors import TuningError

LONGEST = 4_000
"""Letters that a question may have."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one rung said. Untrusted text."""

    rung: str
    title: str
    text: str
    """Empty where it gave no answer."""
    failure: str
    """Why it gave none; else empty."""
    sources: tuple[str, ...]
    """Documents of the passages it was shown, the closest first, each once."""
    cited: tuple[str, ...]
    """Of them, those its answer rests on, for whoever reads the JSON."""
    seconds: float
    """Until it answered, opening and switching included."""
    passages: tuple[Context, ...] = ()
    """What it was shown, the closest first."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A question with every rung's answer. Untrusted text."""

    run: str
    at: str
    """UTC, ISO 8601."""
    question: str
    given: tuple[Given, ...]
    """In order of effort."""


def asked_at(run: Run) -> Run:
    """The folder of what was tried; beside the probes, so that nothing is forgotten there."""
    return store_of(run, "answer")


def last_tried(run: Run) -> Tried | None:
    """The newest question with its answers; None where none was asked, or it cannot be read."""
    file = asked_at(run).folder / "last.json"
    with contextlib.suppress(OSError, UserError):
        return decode(file.read_bytes(), Tried, file)
    return None


def checked(question: str) -> str:
    """A question as it is asked.

    Raises:
        UserError: there is nothing in it, or far too much.
    """
    text = question.strip()
    if not text:
        raise UserError(Problem("there is no question", "write one between quotes", "question"))
    if len(text) > LONGEST:
        what = f"the question has {len(text):,} letters; {LONGEST:,} are the most"
        raise UserError(Problem(what, "shorten it", "question"))
    return text


def ask_rungs(run: Run, question: str, say: Say = lambda message, figures: None) -> Tried:
    """Ask every finished rung, at its first seed; kept as the newest one.

    A rung that cannot answer does not stop the others.

    Args:
        run: its check is finished.
        question: anything; nothing is scored.
        say: told what is at work.

    Raises:
        UserError: the question cannot be asked, or another process works on the run.
        JobError: no rung could be asked.
    """
    text, store = checked(question), asked_at(run)
    store.folder.mkdir(parents=True, exist_ok=True)
    with only_here(store):
        given = tuple(_each(run, text, say))
        if given and all(one.failure for one in given):
            fix = "see: rungwise doctor"
            raise JobError(*(Problem(one.failure, fix, one.rung) for one in given))
        tried = Tried(run.name, now(), text, given)
        write_json(store.folder / "last.json", tried)
    return tried


def _each(run: Run, question: str, say: Say) -> Iterator[Given]:
    first: dict[str, str] = {}
    for cell in finished_cells(run):
        first.setdefault(parse_cell(cell)[0], cell)
    before: Workbench | None = None
    for rung, cell in first.items():
        say(title_of(rung), {})
        started = time.perf_counter()
        try:
            before, result = _asked(run, cell, question, (say, before))
        except (RungwiseError, TuningError) as error:
            yield Given(rung, title_of(rung), "", str(error), (), (), _since(started))
            continue
        if not isinstance(result, Answer):
            yield Given(rung, title_of(rung), "", result.message, (), (), _since(started))
            continue
        shown = [context.source for context in result.contexts]
        cited = [shown[at] for at in result.citations]
        yield Given(
            rung,
            title_of(rung),
            result.text,
            "",
            tuple(dict.fromkeys(shown)),
            tuple(dict.fromkeys(cited)),
            _since(started),
            result.contexts,
        )


def _asked(
    run: Run, cell: str, question: str, how: tuple[Say, Workbench | None]
) -> tuple[Workbench, Answer | Failure]:
    say, before = how
    documents, index = run.view().documents, run.folder / INDEX_FOLDER
    if before is not None and isinstance(before.generator, LocalGenerator):
        before.generator.model.load_adapter(None)  # the rung before may have left its own
    opened = reopen(run, cell, documents, index, say, before)
    _ = opened.bench.generator
    (result,) = opened.rung.answer([Query("tried", question)], 0)
    return opened.bench, result


def _since(started: float) -> float:
    return time.perf_counter() - started
