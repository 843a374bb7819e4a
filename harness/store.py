"""A run on disk. Everything is written so that a kill at any moment loses at most one batch.

run.json                     identity and plan, written first
data/                        the task as it was split: what cells read, and apart the references
events.jsonl                 what happened, appended
cells/<cell>.prepared.json   what a rung learned, once
cells/<cell>.partial.jsonl   its answers, appended as they come
cells/<cell>.json            the finished cell
experiment.json              the result, written last
labels.jsonl, judge/         what people and a judge say of answers (`harness.judge`)
"""

import contextlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.contention import Contention
from harness.disk import decode, read_lines, write_json, write_lines, writing
from harness.errors import Problem, UserError
from harness.preferences import blind
from harness.records import SCHEMA, Cell, Event, EventKind, PassageSize, Plan
from harness.types import (
    Answer,
    Example,
    Failure,
    Json,
    PairQuery,
    PairReading,
    Preference,
    Preparation,
    Query,
    Task,
    TaskSpec,
    TrainView,
)
from rag.types import Document

__all__ = ["SCHEMA", "Cell", "Event", "Plan", "Run", "now", "runs_in"]

PASSAGE_SIZE = "passage_size.json"
"""In the run's folder: how long passages are."""
PARTS = ".parts.json"
"""Ending of a cell's file: into how many its training cuts what would go together, where its
process was killed."""

Line = TypeVar("Line")


class Run:
    """Reads and writes one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The run's id."""
        return self.folder.name

    @property
    def project(self) -> Path:
        """The project's folder: runs lie in its folder ``runs``."""
        return self.folder.parents[1]

    @property
    def cancel_file(self) -> Path:
        """Its presence asks the process that works on the run to stop."""
        return self.folder / "cancel"

    @property
    def enough_file(self) -> Path:
        """Its presence asks the training under way to end with the best adapter so far."""
        return self.folder / "enough"

    def plan(self) -> Plan:
        """What the run is.

        Raises:
            UserError: not a run's folder, or one of another schema version.
        """
        file = self.folder / "run.json"
        if not file.is_file():
            raise UserError(
                Problem(
                    "there is no run here",
                    "list the runs with: rungwise runs DIR",
                    str(self.folder),
                )
            )
        raw = file.read_bytes()
        found = decode(raw, dict[str, Any], file).get("schema")
        if found != SCHEMA:
            raise UserError(
                Problem(
                    f"the run has schema {found}, this version reads {SCHEMA}",
                    "use the version of Rungwise that wrote it",
                    str(file),
                )
            )
        return decode(raw, Plan, file)

    def create(self, plan: Plan, task: Task) -> None:
        """Write identity and data; the plan last, so that a run with a plan has its data."""
        data = self.folder / "data"
        write_json(data / "spec.json", task.spec)
        write_lines(data / "train.jsonl", task.train)
        write_lines(data / "dev.jsonl", task.dev)
        write_lines(data / "documents.jsonl", task.documents)
        write_lines(data / "queries.jsonl", [Query(e.id, e.question) for e in task.heldout])
        # references lie in a file of their own that no cell opens
        write_lines(data / "heldout.jsonl", task.heldout)
        pairs = task.preferences
        if any((pairs.train, pairs.dev, pairs.heldout)):
            write_lines(data / "pairs.jsonl", pairs.train)
            write_lines(data / "dev_pairs.jsonl", pairs.dev)
            write_lines(data / "pair_queries.jsonl", blind(pairs.heldout))
            # which answer is the better one: as with references, no cell opens it
            write_lines(data / "heldout_pairs.jsonl", pairs.heldout)
        write_json(self.folder / "run.json", plan)

    def change_plan(self, plan: Plan) -> None:
        """Go on with other settings: only such as leave what is finished as it is."""
        write_json(self.folder / "run.json", plan)

    def view(self) -> TrainView:
        """What a rung may learn from."""
        data = self.folder / "data"
        return TrainView(
            spec=decode((data / "spec.json").read_bytes(), TaskSpec, data),
            train=tuple(read_lines(data / "train.jsonl", Example)),
            dev=tuple(read_lines(data / "dev.jsonl", Example)),
            documents=tuple(read_lines(data / "documents.jsonl", Document)),
            preferences=_lines(data / "pairs.jsonl", Preference),
            dev_preferences=_lines(data / "dev_pairs.jsonl", Preference),
        )

    def queries(self) -> tuple[Query, ...]:
        """The held-out questions."""
        return tuple(read_lines(self.folder / "data" / "queries.jsonl", Query))

    def heldout(self) -> tuple[Example, ...]:
        """The held-out examples with their references: for scoring and for pages only."""
        return tuple(read_lines(self.folder / "data" / "heldout.jsonl", Example))

    def pair_queries(self) -> tuple[PairQuery, ...]:
        """The held-out preference pairs, without word of which answer is the better one."""
        return _lines(self.folder / "data" / "pair_queries.jsonl", PairQuery)

    def heldout_pairs(self) -> tuple[Preference, ...]:
        """The held-out pairs: for scoring only."""
        return _lines(self.folder / "data" / "heldout_pairs.jsonl", Preference)

    # cells

    def cell_file(self, cell: str, ending: str = ".json") -> Path:
        """Path of a cell's file."""
        return self.folder / "cells" / f"{cell}{ending}"

    def finished(self, cell: str) -> bool:
        """True when the cell needs no more work."""
        return self.cell_file(cell).is_file()

    def cell(self, cell: str) -> Cell:
        """A finished cell."""
        file = self.cell_file(cell)
        return decode(file.read_bytes(), Cell, file)

    def prepared(self, cell: str) -> Preparation | None:
        """What the rung learned, if an earlier process got that far."""
        file = self.cell_file(cell, ".prepared.json")
        return decode(file.read_bytes(), Preparation, file) if file.is_file() else None

    def contention(self, cell: str) -> Contention | None:
        """What others did to the processor while a cell's answers were timed."""
        file = self.cell_file(cell, ".machine.json")
        return decode(file.read_bytes(), Contention, file) if file.is_file() else None

    def parts(self, cell: str) -> int:
        """See `PARTS`; 1 where no process was killed."""
        file = self.cell_file(cell, PARTS)
        return decode(file.read_bytes(), int, file) if file.is_file() else 1

    def passage_size(self) -> PassageSize:
        """How long the passages of its index are; the usual length in older runs."""
        file = self.folder / PASSAGE_SIZE
        return decode(file.read_bytes(), PassageSize, file) if file.is_file() else PassageSize()

    def pair_readings(self, cell: str) -> tuple[PairReading, ...]:
        """What a cell made of the held-out pairs, if it got that far."""
        return _lines(self.cell_file(cell, ".pairs.jsonl"), PairReading)

    def keep_pair_readings(self, cell: str, readings: Sequence[PairReading]) -> None:
        """Keep them, all at once."""
        write_lines(self.cell_file(cell, ".pairs.jsonl"), readings)

    def append_results(
        self,
        cell: str,
        results: Sequence[Answer | Failure],
        seconds: float = 0.0,
        joules: float | None = None,
    ) -> None:
        """Add answers, and the time and energy they took, to the partial file; force it to disk."""
        lines = [msgspec.json.encode({type(result).__name__.lower(): result}) for result in results]
        if seconds:
            lines.append(msgspec.json.encode({"seconds": seconds, "joules": joules}))
        file = self.cell_file(cell, ".partial.jsonl")
        with writing(file), file.open("ab") as out:
            out.write(b"".join(line + b"\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())

    def partial_results(self, cell: str) -> list[Answer | Failure]:
        """Answers of an interrupted cell; a line cut off by a kill is removed from the file."""
        found = [line.answer or line.failure for line in self._partial(cell)]
        return [result for result in found if result is not None]

    def partial_seconds(self, cell: str) -> float:
        """Seconds that these answers took, over all processes."""
        return sum(line.seconds for line in self._partial(cell))

    def partial_joules(self, cell: str) -> float | None:
        """Energy that these answers took; None where that of any of them is not known."""
        known = [line.joules for line in self._partial(cell) if line.seconds]
        return sum(one for one in known if one is not None) if known and None not in known else None

    def _partial(self, cell: str) -> list["_Result"]:
        file = self.cell_file(cell, ".partial.jsonl")
        if not file.is_file():
            return []
        raw = file.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            with file.open("r+b") as out:
                out.truncate(len(whole))
        return [decode(line, _Result, file) for line in whole.splitlines()]

    # events

    def say(
        self,
        kind: EventKind,
        message: str = "",
        cell: str = "",
        figures: dict[str, Json] | None = None,
    ) -> None:
        """Append an event; one write a line, so that several processes may append."""
        event = Event(now(), cell, kind, message, dict(figures or {}))
        file = self.folder / "events.jsonl"
        with writing(file), file.open("ab") as out:
            out.write(msgspec.json.encode(event) + b"\n")

    def events(self, offset: int = 0) -> tuple[list[Event], int]:
        """Events from a byte offset on, and the offset to go on from.

        A line that a full disk cut off is passed over: events only tell how far the work is.
        """
        file = self.folder / "events.jsonl"
        if not file.is_file():
            return [], 0
        with file.open("rb") as source:
            source.seek(offset)
            raw = source.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        lines = []
        for line in whole.splitlines():
            with contextlib.suppress(msgspec.MsgspecError):
                lines.append(msgspec.json.decode(line, type=Event))
        return lines, offset + len(whole)


def _lines(file: Path, kind: type[Line]) -> tuple[Line, ...]:
    """What a file holds; nothing where a run has no such file."""
    return tuple(read_lines(file, kind)) if file.is_file() else ()


class _Result(msgspec.Struct, frozen=True):
    """One line of a partial file."""

    answer: Answer | None = None
    failure: Failure | None = None
    seconds: float = 0.0
    joules: float | None = None


def now() -> str:
    """The present moment, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def runs_in(project: Path) -> list[Run]:
    """A project's runs, the newest first."""
    plans = sorted((project / "runs").glob("*/run.json"), key=lambda file: file.stat().st_mtime)
    return [Run(file.parent) for file in reversed(plans)]
