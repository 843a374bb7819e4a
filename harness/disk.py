"""Files written whole or not at all, and read with an error that says which one is damaged."""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar

import msgspec

from harness.errors import JobError, Problem, RungwiseError, UserError

Value = TypeVar("Value")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the file's folder; a full or forbidden disk becomes a `JobError`."""
    full = os.strerror(errno.ENOSPC)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except Exception as error:
        # libraries have errors of their own for a full disk
        foreign = not isinstance(error, OSError | RungwiseError) and full in str(error)
        if not isinstance(error, OSError) and not foreign:
            raise
        raise JobError(
            Problem(
                f"cannot write ({error.strerror if isinstance(error, OSError) else full})",
                "free disk space or choose a folder you may write to; what is finished is kept",
                str(path),
            )
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON so that the file is either the old one or whole.

    Raises:
        JobError: the disk is full or the folder cannot be written.
    """
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=1))


def write_whole(path: Path, data: bytes) -> None:
    """The same for any content."""
    with writing(path):
        # beside the file, for a rename is atomic only within one file system
        unfinished = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.tmp")
        try:
            with unfinished.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_lines(path: Path, values: Sequence[Any]) -> None:
    """Write values as JSON Lines.

    Raises:
        JobError: the disk is full or the folder cannot be written.
    """
    with writing(path):
        path.write_bytes(b"".join(msgspec.json.encode(value) + b"\n" for value in values))


def append_lines(path: Path, *values: Any) -> None:
    """Add values to a JSON Lines file and force them to disk; a line that a kill cut off goes.

    Raises:
        JobError: the disk is full or the folder cannot be written.
    """
    with writing(path), path.open("ab") as out:
        if out.tell() and (whole := _whole(path)) < out.tell():
            out.truncate(whole)
        out.write(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
        out.flush()
        os.fsync(out.fileno())


def whole_lines(path: Path, kind: type[Value]) -> list[Value]:
    """Values of a JSON Lines file that grows; none where it is missing, and no cut-off last one.

    Raises:
        UserError: a line is damaged.
    """
    if not path.is_file():
        return []
    found = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                break
            try:
                found.append(msgspec.json.decode(line, type=kind))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                where = f"{path}, line {number}"
                fix = "restore the file, or take that line out; what it says is then lost"
                raise UserError(Problem(f"damaged ({error})", fix, where)) from error
    return found


def _whole(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    raw = path.read_bytes()
    return raw.rfind(b"\n") + 1


def read_lines(path: Path, kind: type[Value]) -> Iterator[Value]:
    """Values of a JSON Lines file.

    Raises:
        UserError: a line is damaged.
    """
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line, kind, path)


def decode(raw: bytes, kind: type[Value], file: Path) -> Value:
    """A value from JSON.

    Raises:
        UserError: it is damaged, or of another kind.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(
            Problem(
                f"damaged ({error})", "restore it, or delete the run and check again", str(file)
            )
        ) from error
