"""Rows out of files: JSON Lines, JSON, CSV, Parquet, Excel. One row stays one row, with its number.

A row that cannot be read becomes a problem that names file and row; the other rows are still read,
so that one run reports everything.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.data_shapes import unpack_records
from harness.errors import Problem
from rag.errors import DocumentError
from rag.reading.encoding import decode
from rag.reading.file import File
from rag.types import Limits

MAX_FILE_BYTES = 512 * 2**20
MAX_FIELD_CHARACTERS = 1_000_000


class Row(NamedTuple):
    """One record of a file."""

    number: int
    """Where it stands: the line in a text file, the row in a table, the position in a list."""
    fields: dict[str, Any]
    """Column name to value; names without surrounding spaces."""


class Rows(NamedTuple):
    """What a file held."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read_rows(path: Path, shown: str = "") -> Rows:
    """Read all records of a file.

    Args:
        path: .jsonl, .ndjson, .json, .csv, .tsv, .parquet or .xlsx.
        shown: the name used in problems; default is the path as given.

    Returns:
        Rows and problems. Never raises for what is in the file or for a missing file.
    """
    shown = shown or str(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(READERS))
        return _nothing(shown, f"{path.suffix or 'a file without ending'} is not read", known)
    if not path.is_file():
        return _nothing(shown, "there is no such file", "check the path in rungwise.toml")
    if path.stat().st_size > MAX_FILE_BYTES:
        return _nothing(shown, "the file is larger than 512 MiB", "give a sample of it")
    try:
        found = list(reader(path, shown))
    except DocumentError as error:
        return _nothing(shown, error.reason, error.fix)
    rows = tuple(row for row in found if isinstance(row, Row))
    problems = tuple(problem for problem in found if isinstance(problem, Problem))
    if not rows and not problems:
        return _nothing(shown, "the file holds no rows", "add examples, one a row")
    return Rows(rows, problems)


def _nothing(shown: str, message: str, fix: str) -> Rows:
    return Rows((), (Problem(message, fix, shown),))


def _text(path: Path) -> str:
    return decode(File(path.name, path.read_bytes(), Limits(max_member_bytes=MAX_FILE_BYTES)))


def _json_lines(path: Path, shown: str) -> Iterator[Row | Problem]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield Problem(
                f"not JSON ({why})",
                "write one JSON object a line, or leave the line out",
                f"{shown}, row {number}",
            )
            continue
        yield from _record(record, number, shown)


def _json(path: Path, shown: str) -> Iterator[Row | Problem]:
    try:
        whole = json.loads(_text(path))
    except json.JSONDecodeError as error:
        yield Problem(
            f"not JSON ({error.msg})",
            "repair the file; for one object a line use the ending .jsonl",
            f"{shown}, line {error.lineno}",
        )
        return
    except RecursionError:
        yield Problem("nested too deeply", "give a list of flat objects", shown)
        return
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        if len(lists) != 1:
            yield Problem("not a list of records", "give a JSON list of objects", shown)
            return
        whole = lists[0]
    if not isinstance(whole, list):
        yield Problem("not a list of records", "give a JSON list of objects", shown)
        return
    for number, record in enumerate(whole, 1):
        yield from _record(record, number, shown)


def _record(record: object, number: int, shown: str) -> Iterator[Row | Problem]:
    if not isinstance(record, dict):
        yield Problem(
            f"a {type(record).__name__}, not an object",
            'write {"column": "value", …}',
            f"{shown}, row {number}",
        )
        return
    for fields in unpack_records(record):
        yield Row(number, {str(name).strip(): value for name, value in fields.items()})


def _delimited(path: Path, shown: str) -> Iterator[Row | Problem]:
    text = _text(path)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text))
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) > len(header):
                yield Problem(
                    f"{len(cells)} fields, the header has {len(header)}",
                    "put quotes around text that holds the separator",
                    f"{shown}, row {reader.line_num}",
                )
                continue
            cells += [""] * (len(header) - len(cells))
            yield Row(reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        yield Problem(str(error), "save the table again as CSV", f"{shown}, row {reader.line_num}")


def _delimiter(path: Path, text: str) -> str:
    """The separator that occurs most often in the header: comma, semicolon or tab."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _parquet(path: Path, shown: str) -> Iterator[Row | Problem]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        yield Problem(f"not readable as Parquet ({error})", "write the file again", shown)
        return
    for number, record in enumerate(table.to_pylist(), 1):
        yield from _record(record, number, shown)


def _excel(path: Path, shown: str) -> Iterator[Row | Problem]:
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        yield Problem(f"not readable as Excel ({error})", "save it again as .xlsx", shown)
        return
    sheet = book.worksheets[0]
    header: list[str] | None = None
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        values = ["" if cell is None else str(cell) for cell in cells]
        if not any(value.strip() for value in values):
            continue
        if header is None:
            header = [value.strip() for value in values]
        else:
            yield Row(number, dict(zip(header, values, strict=False)))
    book.close()


READERS: dict[str, Callable[[Path, str], Iterator[Row | Problem]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": _parquet,
    ".xlsx": _excel,
}
