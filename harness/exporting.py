"""What a run has to export, where it is written, and the list of what was exported.

An export is made in a folder beside its place and moved there whole, so that a kill leaves nothing
that looks like one. `exports.jsonl` in the run says what was exported and how it was verified.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from harness.adapting import adapter_folder
from harness.cell import cell_name, parse_cell
from harness.device import Precision
from harness.disk import append_lines, writing
from harness.errors import JobError, Problem, UserError
from harness.generators.endpoint import PREFIX
from harness.locking import alone
from harness.models import EMBEDDED, ModelRef
from harness.retraining import base_of
from harness.rungs import rung_type
from harness.store import Cell, Run
from tuning.checkpoint import WEIGHTS
from tuning.errors import TuningError
from tuning.export import BaseName, bytes_of
from tuning.models.whole import is_whole

FILE = "exports.jsonl"
LOCK = "export.lock"
NOT_VERIFIED = "-not-verified"
SPARE_BYTES = 50_000_000
"""Left on the disk beside the weights: tokenizer, card, and what else is being written."""
ITEMSIZE = {"float32": 4, "bfloat16": 2}


Form = Literal["adapter", "merged", "full"]
"""An adapter; one added to its base; or a model whose weights all were trained."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of exports.jsonl: an export that came to its end."""

    at: str
    """UTC, ISO 8601."""
    rung: str
    seed: int
    form: str
    """See `Form`."""
    folder: str
    precision: str
    verified: bool
    asked: int
    identical: int
    tied: int
    stored_score: float | None
    exported_score: float | None
    why_not: str = ""


class Trained(NamedTuple):
    """A finished cell with what it learned, and the base it was trained on."""

    cell: Cell
    adapter: Path
    """Its folder; of a whole model, where all weights were trained."""
    base: ModelRef
    precision: Precision
    """Of weights and activations when it answered."""

    def form(self, merged: bool) -> Form:
        """What is exported, where `merged` asks for one model instead of an adapter."""
        if is_whole(self.adapter):
            return "full"
        return "merged" if merged else "adapter"


def trained_cells(run: Run) -> list[str]:
    """Finished cells with an adapter or a model of their own on disk, in the order of the plan."""
    return [
        cell
        for cell in run.plan().cells
        if run.finished(cell) and _holds(adapter_folder(run.folder, cell))
    ]


def _holds(folder: Path) -> bool:
    return any((folder / name).is_file() for name in WEIGHTS)


def trained(run: Run, rung: str, seed: int | None = None) -> Trained:
    """What of a run is to be exported.

    Args:
        run: its check has ended.
        rung: one that trains.
        seed: of the cell; None takes the run's first, for the best one would be chosen on the
            held-out set.

    Raises:
        UserError: the rung trains nothing, was not part of the run, or its adapter or base is gone
            or another one.
    """
    plan, known = run.plan(), trained_cells(run)
    rungs = list(dict.fromkeys(parse_cell(cell)[0] for cell in known))
    fix = f"choose one of {', '.join(rungs)}" if rungs else "check a rung that trains: finetune"
    if plan.generator.startswith(PREFIX):
        why = "the run's model is behind an address; nothing was trained here"
        local = "check with a model on this machine: rungwise check DIR --model NAME"
        raise UserError(Problem(why, local, plan.generator))
    if "weights" not in rung_type(rung).needs:
        why = f"{rung} trains nothing, so there is no model of its own to export"
        raise UserError(Problem(why, f"{fix}; its settings are in the report", "--rung"))
    seeds = [parse_cell(cell)[1] for cell in known if parse_cell(cell)[0] == rung]
    if not seeds or (seed is not None and seed not in seeds):
        what = f"{rung} at seed {seed}" if seeds else rung
        if seeds:
            fix = f"seeds of this run: {', '.join(map(str, seeds))}"
        raise UserError(Problem(f"the run holds no trained model of {what}", fix, run.name))
    cell = run.cell(cell_name(rung, seeds[0] if seed is None else seed))
    precision: Precision = "bfloat16" if cell.precision == "bfloat16" else "float32"
    return Trained(cell, adapter_folder(run.folder, cell.cell), base_of(run), precision)


def known_as(base: ModelRef) -> BaseName:
    """What others have to load before an adapter: never a path of this machine."""
    if base.name in EMBEDDED:
        return BaseName(EMBEDDED[base.name].hub_id or base.name)
    if base.note == "a local folder":
        return BaseName(base.folder.name)
    return BaseName(base.name.partition("@")[0], base.revision)


def need_room(trained: Trained, out: Path, merged: bool, precision: str) -> None:
    """Make sure that the disk can hold an export.

    Raises:
        UserError: it cannot; the fix says how much is missing.
    """
    form = trained.form(merged)
    model = trained.adapter if form == "full" else trained.base.folder
    try:
        weights = (
            (trained.adapter / "adapter_model.safetensors").stat().st_size
            if form == "adapter"
            else bytes_of(model, ITEMSIZE[precision])
        )
    except TuningError as error:
        raise UserError(Problem(error.reason, error.fix, trained.base.name)) from error
    needed = weights + SPARE_BYTES
    parent = next(folder for folder in out.resolve().parents if folder.is_dir())
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise UserError(
            Problem(
                f"the export needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free",
                "free some space, or give a folder on another disk with --out",
                str(parent),
            )
        )


def need_empty(out: Path) -> None:
    """Make sure that nothing is written over.

    Raises:
        UserError: something is there.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(
            Problem("the folder is not empty", "give a folder that is not there yet", str(out))
        )


@contextlib.contextmanager
def unfinished(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into; gone at the end, unless `publish` moved it.

    What a killed process left there is removed first.

    Raises:
        UserError: another process is exporting to the same place.
    """
    out = out.resolve()
    folder = out.with_name(f".{out.name}.unfinished")
    lock = out.with_name(f".{out.name}.lock")
    busy = Problem("another process is exporting there", "wait for it", str(out))
    with contextlib.ExitStack() as held:
        with writing(folder):
            held.enter_context(alone(lock, busy, 0.0))
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def publish(folder: Path, out: Path, verified: bool) -> Path:
    """Move a finished folder to its place; one that is not verified gets a name that says so.

    Raises:
        JobError: it cannot be moved.
    """
    place = out.resolve()
    if not verified:
        names = [f"{place.name}{NOT_VERIFIED}{n}" for n in ("", *(f"-{i}" for i in range(2, 1000)))]
        place = next(p for p in map(place.with_name, names) if not p.exists())
    with writing(place):
        for file in folder.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        if place.is_dir():
            place.rmdir()  # empty, or this fails
        folder.rename(place)
    return place


def add_record(run: Run, record: Record) -> None:
    """Append to the list of what was exported."""
    append_lines(run.folder / FILE, record)


def exports_of(run: Run) -> tuple[Record, ...]:
    """What was exported, the oldest first; a line that a full disk cut off is passed over."""
    file = run.folder / FILE
    found = []
    for line in file.read_bytes().splitlines() if file.is_file() else ():
        with contextlib.suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(line, type=Record))
    return tuple(found)


def as_job_error(error: TuningError, where: str) -> JobError:
    """An error of the leaf library as one of ours."""
    return JobError(Problem(error.reason, error.fix, where))
