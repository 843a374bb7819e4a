"""Exporting a trained rung, in order: what, is there room, write, ask again, card, to its place."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor import background, workflow
from advisor.card_tests import tested
from advisor.model_card import Card, model_card
from harness.device import Precision, pick_device
from harness.disk import write_json, writing
from harness.errors import JobError, Problem, UserError
from harness.exporting import (
    ITEMSIZE,
    LOCK,
    Form,
    Record,
    Trained,
    add_record,
    as_job_error,
    known_as,
    need_empty,
    need_room,
    publish,
    trained,
    unfinished,
)
from harness.locking import alone, is_held
from harness.parity import Exported, Parity, parity
from harness.store import Run, now
from tuning.errors import TuningError
from tuning.export import Answering, export_adapter, export_merged, export_whole

PARITY_FILE = "rungwise_parity.json"
CARD = "README.md"
LOG = "export.log"
START_S = 30.0
"""Seconds in which a process that was started says its first word."""
STOP = "export.cancel"
"""File in the run's folder; its presence asks a running export to stop."""

Say = Callable[[str, int, int], None]
"""(what is being done, steps done, of how many); 0 of 0 where there are no steps."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported."""

    rung: str
    seed: int | None = None
    merged: bool = False
    precision: Precision | None = None
    """Of a merged model's weights; None takes the one that was measured in."""
    questions: int | None = None
    """How many held-out questions to ask again; None for all."""


@dataclass(frozen=True, slots=True)
class Done:
    """An export that came to its end, verified or not."""

    folder: Path
    record: Record
    parity: Parity


def export(run: Run, wanted: Wanted, out: Path, say: Say = lambda what, done, total: None) -> Done:
    """Export a rung's model, load it afresh, ask it again, and say whether it is the same.

    Args:
        run: its check has ended.
        wanted: which rung, in which form.
        out: folder for the files; not there yet, or empty. One that is not verified gets a name
            ending in ``-not-verified``.
        say: told about progress.

    Raises:
        UserError: there is nothing to export, no room, or something in the way.
        JobError: the files cannot be written or loaded.
    """
    found, experiment = _ready(run, wanted, out), workflow.finished(run)
    known, form = tested(run, wanted.rung), found.form(wanted.merged)
    precision = wanted.precision or found.precision
    busy = Problem("an export of this run is at work", "wait for it", run.name)
    with alone(run.folder / LOCK, busy):
        with unfinished(out) as folder, _stoppable(run):
            _watched(run, say)("Writing the weights", 0, 0)
            _write(run, found, form, precision, folder)
            exported = Exported(folder, found.base, form != "adapter", precision)
            same = _ask_again(run, found, exported, wanted.questions, _watched(run, say))
            card = Card(run, experiment, found, form, same, known)
            write_json(folder / PARITY_FILE, _as_json(run, found, form, same))
            with writing(folder / CARD):
                (folder / CARD).write_text(model_card(card), encoding="utf-8")
            place = publish(folder, out, same.verified)
        record = _record(found, form, place, same)
        add_record(run, record)
        return Done(place, record, same)


@contextmanager
def _stoppable(run: Run) -> Iterator[None]:
    """The wish to stop is gone when the export is; one that came before it is heeded."""
    try:
        yield
    finally:
        (run.folder / STOP).unlink(missing_ok=True)


def _ready(run: Run, wanted: Wanted, out: Path) -> Trained:
    """Everything that stands against an export, before anything is written."""
    problems: list[Problem] = []
    found: Trained | None = None
    try:
        found = trained(run, wanted.rung, wanted.seed)
    except UserError as error:
        problems.extend(error.problems)
    if wanted.precision and wanted.precision not in ITEMSIZE:
        fix = f"choose from {', '.join(ITEMSIZE)}"
        problems.append(Problem(f"there is no precision {wanted.precision!r}", fix, "--dtype"))
    if wanted.precision and found is not None and found.form(wanted.merged) == "adapter":
        fix = "leave --dtype out, or add --merge"
        problems.append(Problem("an adapter is always float32", fix, "--dtype"))
    if wanted.questions is not None and wanted.questions < 1:
        fix = "write --questions 50, or leave it out to ask all"
        problems.append(Problem("at least one question must be asked again", fix, "--questions"))
    try:
        need_empty(out)
        if found is not None and not problems:
            need_room(found, out, wanted.merged, wanted.precision or found.precision)
    except UserError as error:
        problems.extend(error.problems)
    if problems or found is None:
        raise UserError(*problems)
    return found


def _watched(run: Run, say: Say) -> Say:
    """Progress that ends where somebody has asked for it."""

    def watched(what: str, done: int, total: int) -> None:
        if (run.folder / STOP).exists():
            (run.folder / STOP).unlink(missing_ok=True)
            raise JobError(
                Problem("stopped on request; nothing was left behind", "export again", run.name)
            )
        say(what, done, total)

    return watched


def _write(run: Run, found: Trained, form: Form, precision: str, folder: Path) -> None:
    from safetensors import SafetensorError

    answering = Answering(run.plan().max_new_tokens)
    base = found.base.folder
    try:
        with writing(folder / "adapter_model.safetensors"):
            if form == "adapter":
                export_adapter(found.adapter, base, known_as(found.base), answering, folder)
                return
            import torch

            write = export_whole if form == "full" else export_merged
            write(found.adapter, base, getattr(torch, precision), answering, folder)
    except TuningError as error:
        raise as_job_error(error, found.cell.cell) from error
    except (SafetensorError, ValueError, KeyError) as error:  # cut off, or edited by hand
        fix = f"remove {found.adapter} and its cell's files, and check again with --run {run.name}"
        raise JobError(Problem(f"damaged ({error})", fix, str(found.adapter))) from error


def _ask_again(
    run: Run, found: Trained, exported: Exported, questions: int | None, say: Say
) -> Parity:
    say("Loading what was exported", 0, 0)

    def on_answer(done: int, total: int) -> None:
        say("Asking again", done, total)

    try:
        return parity(run, found.cell, exported, pick_device(), questions, on_answer)
    except TuningError as error:
        raise as_job_error(error, found.cell.cell) from error


def _as_json(run: Run, found: Trained, form: Form, same: Parity) -> Mapping[str, Any]:
    from importlib.metadata import version

    return {
        "schema": 1,
        "run": run.name,
        "fingerprint": run.plan().fingerprint,
        "rung": found.cell.rung,
        "seed": found.cell.seed,
        "form": form,
        "base": {"name": found.base.name, "revision": found.base.revision},
        "verified": same.verified,
        "share_identical": same.share,
        **dataclasses.asdict(same),
        "versions": {name: version(name) for name in ("transformers", "peft", "torch")},
    }


def _record(found: Trained, form: Form, place: Path, same: Parity) -> Record:
    return Record(
        at=now(),
        rung=found.cell.rung,
        seed=found.cell.seed,
        form=form,
        folder=str(place),
        precision=same.precision,
        verified=same.verified,
        asked=same.asked,
        identical=same.identical,
        tied=same.tied,
        stored_score=same.stored_score,
        exported_score=same.exported_score,
        why_not=same.why_not,
    )


def start_export(run: Run, wanted: Wanted, out: Path) -> None:
    """Start an export as a process of its own that outlives the app.

    Raises:
        UserError: everything that stands against it, before anything is started.
    """
    _ready(run, wanted, out)
    arguments = ["export", str(run.folder), "--rung", wanted.rung, "--out", str(out)]
    arguments += ["--merge"] if wanted.merged else []
    arguments += [] if wanted.seed is None else ["--seed", str(wanted.seed)]
    (run.folder / STOP).unlink(missing_ok=True)  # left by an export that was killed
    background.start(arguments, run.folder / LOG, anew=True)


def is_exporting(run: Run) -> bool:
    """Whether a process exports from the run, or was started a moment ago to do so."""
    log = run.folder / LOG
    if log.is_file() and log.stat().st_size == 0 and time.time() - log.stat().st_mtime < START_S:
        return True  # it takes its lock only when its libraries are loaded
    return is_held(run.folder / LOCK)


def stop_export(run: Run) -> None:
    """Ask a running export to stop; nothing of it is left."""
    if is_exporting(run):
        (run.folder / STOP).touch()


def free_folder(wanted: Path) -> Path:
    """A folder that is not there yet: the one wanted, or the same with a number."""
    names = [wanted.name, *(f"{wanted.name}-{n}" for n in range(2, 1000))]
    return next(place for place in map(wanted.with_name, names) if not place.exists())


def last_words(run: Run) -> tuple[str, tuple[Problem, ...]]:
    """The last line of the export that the app started, and the errors it ended with."""
    file = run.folder / LOG
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    fixes = [line.removeprefix("fix: ") for line in lines if line.startswith("fix: ")]
    problems = tuple(Problem(what, fix) for what, fix in zip(errors, fixes, strict=False))
    return lines[-1] if lines else "", problems
