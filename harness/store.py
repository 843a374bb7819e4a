"""A run on disk. Everything is written so that a kill at any moment loses at most one batch.

run.json                     identity and plan, written first
data/                        the task as it was split: what cells read, and apart the references
events.jsonl                 what happened, appended
cells/<cell>.prepared.json   what a rung learned, once
cells/<cell>.partial.jsonl   its answers, appended as they come
cells/<cell>.json            the finished cell
experiment.json              the result, written last
"""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from harness.errors import JobError, Problem, UserError
from harness.types import (
    Answer,
    Example,
    Failure,
    Json,
    Preparation,
    Query,
    Task,
    TaskSpec,
    TrainView,
)
from rag.types import Document

SCHEMA = 1
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is, fixed before it starts."""

    schema: int
    run: str
    created: str
    """UTC, ISO 8601."""
    spec: TaskSpec
    fingerprint: str
    """Hash of the task with its data and split."""
    generator: str
    generator_revision: str
    """The hub commit asked for; empty takes what is cached."""
    embedder: str
    cells: tuple[str, ...]
    """Names of the cells in the order they run."""
    skipped: dict[str, str]
    """Rungs that were asked for and cannot run, with the reason."""
    seeds: int
    effort: str
    margin: float
    target: float | None
    max_new_tokens: int
    environment: dict[str, str]
    """Versions, device, commit."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One rung at one seed, finished."""

    cell: str
    rung: str
    seed: int
    preparation: Preparation
    answers: tuple[Answer, ...]
    failures: tuple[Failure, ...]
    answer_s: float
    """Seconds spent answering, over all processes that worked on it."""
    peak_memory_bytes: int
    path: str
    """Which implementation of the model ran; empty where none did."""
    device: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of events.jsonl."""

    at: str
    """UTC, ISO 8601."""
    cell: str
    """Empty for the run as a whole."""
    kind: Literal["started", "doing", "answered", "finished", "failed", "cancelled"]
    message: str
    figures: dict[str, Any]


class Run:
    """Reads and writes one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The run's id."""
        return self.folder.name

    @property
    def cancel_file(self) -> Path:
        """Its presence asks the process that works on the run to stop."""
        return self.folder / "cancel"

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
        found = json.loads(raw).get("schema")
        if found != SCHEMA:
            raise UserError(
                Problem(
                    f"the run has schema {found}, this version reads {SCHEMA}",
                    "use the version of Rungwise that wrote it",
                    str(file),
                )
            )
        return _decode(raw, Plan, file)

    def create(self, plan: Plan, task: Task) -> None:
        """Write identity and data; the plan last, so that a run with a plan has its data."""
        data = self.folder / "data"
        write_json(data / "spec.json", task.spec)
        _write_lines(data / "train.jsonl", task.train)
        _write_lines(data / "dev.jsonl", task.dev)
        _write_lines(data / "documents.jsonl", task.documents)
        _write_lines(data / "queries.jsonl", [Query(e.id, e.question) for e in task.heldout])
        # references lie in a file of their own that no cell opens
        _write_lines(data / "heldout.jsonl", task.heldout)
        write_json(self.folder / "run.json", plan)

    def view(self) -> TrainView:
        """What a rung may learn from."""
        data = self.folder / "data"
        return TrainView(
            spec=_decode((data / "spec.json").read_bytes(), TaskSpec, data),
            train=tuple(_read_lines(data / "train.jsonl", Example)),
            dev=tuple(_read_lines(data / "dev.jsonl", Example)),
            documents=tuple(_read_lines(data / "documents.jsonl", Document)),
        )

    def queries(self) -> tuple[Query, ...]:
        """The held-out questions."""
        return tuple(_read_lines(self.folder / "data" / "queries.jsonl", Query))

    def heldout(self) -> tuple[Example, ...]:
        """The held-out examples with their references: for scoring and for pages only."""
        return tuple(_read_lines(self.folder / "data" / "heldout.jsonl", Example))

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
        return _decode(file.read_bytes(), Cell, file)

    def prepared(self, cell: str) -> Preparation | None:
        """What the rung learned, if an earlier process got that far."""
        file = self.cell_file(cell, ".prepared.json")
        return _decode(file.read_bytes(), Preparation, file) if file.is_file() else None

    def append_results(self, cell: str, results: Sequence[Answer | Failure]) -> None:
        """Add answers to the partial file and force them to disk."""
        lines = [msgspec.json.encode({type(result).__name__.lower(): result}) for result in results]
        file = self.cell_file(cell, ".partial.jsonl")
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as out:
            out.write(b"".join(line + b"\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())

    def partial_results(self, cell: str) -> list[Answer | Failure]:
        """Answers of an interrupted cell; a line cut off by a kill is removed from the file."""
        file = self.cell_file(cell, ".partial.jsonl")
        if not file.is_file():
            return []
        raw = file.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            with file.open("r+b") as out:
                out.truncate(len(whole))
        results: list[Answer | Failure] = []
        for line in whole.splitlines():
            record = msgspec.json.decode(line)
            kind: Any = Answer if "answer" in record else Failure
            results.append(msgspec.convert(next(iter(record.values())), kind))
        return results

    # events

    def say(
        self,
        kind: Literal["started", "doing", "answered", "finished", "failed", "cancelled"],
        message: str = "",
        cell: str = "",
        figures: dict[str, Json] | None = None,
    ) -> None:
        """Append an event; one write a line, so that several processes may append."""
        event = Event(now(), cell, kind, message, dict(figures or {}))
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "events.jsonl").open("ab") as out:
            out.write(msgspec.json.encode(event) + b"\n")

    def events(self, offset: int = 0) -> tuple[list[Event], int]:
        """Events from a byte offset on, and the offset to go on from."""
        file = self.folder / "events.jsonl"
        if not file.is_file():
            return [], 0
        with file.open("rb") as source:
            source.seek(offset)
            raw = source.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        lines = [msgspec.json.decode(line, type=Event) for line in whole.splitlines()]
        return lines, offset + len(whole)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON so that the file is either the old one or whole.

    Raises:
        JobError: the disk is full or the folder cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(value), indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(out.name).replace(path)
    except OSError as error:
        raise JobError(
            Problem(
                f"cannot write ({error.strerror})",
                "free disk space or choose a folder you may write to; run the same command again "
                "to go on",
                str(path),
            )
        ) from error


def now() -> str:
    """The present moment, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def runs_in(project: Path) -> list[Run]:
    """A project's runs, the newest first."""
    folders = [file.parent for file in (project / "runs").glob("*/run.json")]
    return [Run(f) for f in sorted(folders, key=lambda f: (f / "run.json").stat().st_mtime)[::-1]]


def _write_lines(path: Path, values: Sequence[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(value) + b"\n" for value in values))


def _read_lines(path: Path, kind: type[Value]) -> Iterator[Value]:
    with path.open("rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=kind)


def _decode(raw: bytes, kind: type[Value], file: Path) -> Value:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        raise UserError(
            Problem(
                f"damaged ({error})", "restore it, or delete the run and check again", str(file)
            )
        ) from error
