"""Rows out of files: JSON Lines, JSON, CSV, Parquet, Excel. One row stays one row, with its number.

A row that cannot be read becomes a problem that names file and row; the other rows are still read,
so that one run reports everything.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.data_shapes import unpack_records
from harness.errors import Problem, UserError
from rag.errors import DocumentError
from rag.reading.archive import Archive
from rag.reading.encoding import decode
from rag.reading.file import File
from rag.types import Limits

MAX_FILE_BYTES = 512 * 2**20
MAX_FIELD_CHARACTERS = 1_000_000
MAX_GAPS = 2**24
"""Most empty cells that a table does not hold itself: a short row below a long header has them."""
MAX_SHEET_ROWS = 2**20
"""As many as Excel has; a number beyond would be filled up with empty rows."""
MAX_TABLE_BYTES = 2**30
"""Of a Parquet file's values once read: one text can be named by many rows."""
MAX_CELLS = 2**26
"""Most cells of a file that need not write each of them (Parquet, Excel)."""


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
    # not splitlines(), which also cuts at U+2028 and others that may stand inside a JSON text
    for number, line in enumerate(io.StringIO(_text(path), newline=None), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Problem(
                f"not JSON ({_why(error)})",
                "write one JSON object a line, or leave the line out",
                f"{shown}, row {number}",
            )
            continue
        yield from _record(record, number, shown)


def _json(path: Path, shown: str) -> Iterator[Row | Problem]:
    try:
        whole = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        yield Problem(
            f"not JSON ({_why(error)})",
            "repair the file; for one object a line use the ending .jsonl",
            f"{shown}{line}",
        )
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


def _why(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"


def _record(record: object, number: int, shown: str) -> Iterator[Row | Problem]:
    if not isinstance(record, dict):
        yield Problem(
            f"a {type(record).__name__}, not an object",
            'write {"column": "value", …}',
            f"{shown}, row {number}",
        )
        return
    try:
        unpacked = list(unpack_records(record))
    except UserError as error:
        for one in error.problems:
            yield Problem(one.message, one.fix, f"{shown}, row {number}")
        return
    except (AttributeError, TypeError) as error:
        yield Problem(
            f"looks like a known layout and is not ({error})",
            "write flat records: question and answer",
            f"{shown}, row {number}",
        )
        return
    for fields in unpacked:
        yield Row(number, {str(name).strip(): value for name, value in fields.items()})


def _delimited(path: Path, shown: str) -> Iterator[Row | Problem]:
    text = _text(path)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    delimiter = _delimiter(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    numbered: list[tuple[int, list[str]]] = []
    number = 1  # a row is named by its first line: quoted text may hold more of them
    try:
        for cells in reader:
            numbered.append((number, cells))
            number = reader.line_num + 1
    except csv.Error as error:
        yield Problem(str(error), "save the table again as CSV", f"{shown}, row {number}")
    if numbered and _is_open(text, numbered[-1][0], delimiter):
        number, _ = numbered.pop()
        yield Problem(
            "a quotation mark opens here and is never closed",
            'close it; a quotation mark inside a quoted text is written ""',
            f"{shown}, row {number}",
        )
    yield from _table(numbered, shown)


def _is_open(text: str, number: int, delimiter: str) -> bool:
    """Whether the last row, which begins in that line, holds a quotation mark left open."""
    lines = list(io.StringIO(text, newline=""))[number - 1 :]
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _table(numbered: Iterable[tuple[int, Sequence[str]]], shown: str) -> Iterator[Row | Problem]:
    """Records of a table with a header; blank rows are passed over."""
    header: list[str] | None = None
    gaps = 0
    for number, cells in numbered:
        cells = [*cells]
        while cells and not cells[-1].strip() and len(cells) > len(header or ()):
            cells.pop()
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{shown}, row {number}"
        if header is None:
            header = [cell.strip() for cell in cells]
            for name in sorted({name for name in header if name and header.count(name) > 1}):
                yield Problem(f"there are two columns {name!r}", "rename one of them", where)
        elif len(cells) > len(header):
            yield Problem(
                f"{len(cells)} fields, the header has {len(header)}",
                "put quotes around text that holds the separator",
                where,
            )
        elif (gaps := gaps + len(header) - len(cells)) > MAX_GAPS:
            yield Problem("its rows are far shorter than its header", "give a sample of it", where)
            return
        else:
            cells += [""] * (len(header) - len(cells))
            yield from _record(dict(zip(header, cells, strict=True)), number, shown)


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
        claimed = pyarrow.parquet.read_metadata(path)
        if claimed.num_rows * claimed.num_columns > MAX_CELLS:
            yield Problem(f"it has {claimed.num_rows:,} rows", "give a sample of it", shown)
            return
        records, held = [], 0
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=64):
            held += batch.nbytes
            if held > MAX_TABLE_BYTES:
                fix = "give a sample of it"
                yield Problem("its values take more than a gigabyte once read", fix, shown)
                return
            records.extend(batch.to_pylist())
    except (pyarrow.ArrowException, OSError) as error:
        yield Problem(f"not readable as Parquet ({error})", "write the file again", shown)
        return
    for number, record in enumerate(records, 1):
        yield from _record(record, number, shown)


def _excel(path: Path, shown: str) -> Iterator[Row | Problem]:
    import zipfile
    import zlib

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    data = path.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(data)):
        Archive(File(path.name, data, Limits()))  # refuses what would unpack to more than it may
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what they claim would be filled up with empty cells
        cells, count = [], 0
        for row in sheet.iter_rows(values_only=True):
            cells.append(["" if cell is None else str(cell) for cell in row])
            count += len(row)
            if count > MAX_CELLS or len(cells) > MAX_SHEET_ROWS:
                raise ValueError("its cells are spread too far")
        book.close()
    except (
        InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, IndexError, OSError,
        EOFError, SyntaxError, ValueError,
    ) as error:  # fmt: skip
        yield Problem(f"not readable as Excel ({error})", "save it again as .xlsx", shown)
        return
    yield from _table(enumerate(cells, 1), shown)


READERS: dict[str, Callable[[Path, str], Iterator[Row | Problem]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": _parquet,
    ".xlsx": _excel,
}
