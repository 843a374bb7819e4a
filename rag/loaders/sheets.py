"""Workbooks (XLSX), one page a sheet, with the values last calculated.

Read directly: the usual library warns or fails on the styles and validations that many programs
write, none of which matter for the text.
"""

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from lxml import etree

from rag.reading.archive import (
    Archive,
    attribute,
    child,
    core_title,
    local,
    reference,
    related,
    relations,
)
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup, one_line, usable_title

_DATE_FORMATS: Final = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Built-in number formats of dates and times (ECMA-376 part 1, 18.8.30, with the East Asian)."""
_PERCENT_FORMATS: Final = {9, 10}
_LITERALS: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_LAST_COLUMN: Final = 16_384
_MOST_CELLS: Final = 2**24
"""Most cells in the rectangle of a table; a few cells far apart can claim billions."""

Rows = dict[int, dict[int, str]]


class _Book(NamedTuple):
    archive: Archive
    strings: list[str]
    kinds: list[str]
    """What the number format of each cell style shows: `date`, `duration`, `percent` or nothing."""
    epoch: datetime


def recognises(file: File) -> bool:
    """Whether it is a zip container with a workbook in it."""
    return any(name.startswith("xl/") for name in file.members)


def read(file: File) -> Extract:
    """Read all sheets, hidden ones as well."""
    archive = Archive(file)
    mains = related(archive, "", "officeDocument")
    if not mains:
        raise file.malformed("it has no main part")
    if mains[0].endswith(".bin"):
        raise file.error("unsupported", "binary workbooks are not read", "save it as .xlsx")
    root, targets = archive.xml(mains[0]), relations(archive, mains[0])
    properties = child(root, "workbookPr")
    old_mac = properties is not None and attribute(properties, "date1904") in ("1", "true")
    # Day 1 is 1 January 1900, but the format counts a 29 February 1900 that never was.
    epoch = datetime(1904, 1, 1) if old_mac else datetime(1899, 12, 30)  # noqa: DTZ001 - no zone
    book = _Book(archive, _strings(archive, mains[0]), _kinds(archive, mains[0]), epoch)
    sheets = child(root, "sheets")
    file.check_pages(len(sheets) if sheets is not None else 0)
    pages = []
    for number, sheet in enumerate(sheets if sheets is not None else (), 1):
        relation, name = targets.get(reference(sheet)), attribute(sheet, "name")
        if relation is None or relation.target not in archive.names:
            raise file.malformed(f"its sheet {name!r} is missing")
        if relation.kind == "worksheet":  # and not a chart or a dialogue
            pages.append(Page(_text(book, relation.target, name), number, name))
    return Extract(tuple(pages), core_title(archive))


def _text(book: _Book, part: str, name: str) -> str:
    """A sheet as text: blocks of cells between empty rows become tables of their own."""
    rows = _rows(book, part)
    out = Markup()
    block: list[dict[int, str]] = []
    last = 0
    if rows and usable_title(name):
        out.heading(1, name)
    for number in sorted(rows):
        if number > last + 1:
            _write(book.archive.file, block, out)
            block = []
        block.append(rows[number])
        last = number
    _write(book.archive.file, block, out)
    return out.text()


def _write(file: File, block: list[dict[int, str]], out: Markup) -> None:
    columns = sorted({column for row in block for column in row})
    if len(columns) * len(block) > _MOST_CELLS:
        raise file.error("too_large", "its cells are spread too far", "delete far-off cells")
    if len(columns) == 1:
        out.paragraph("\n".join(one_line(row[columns[0]]) for row in block))
    else:
        out.table([row.get(column, "") for column in columns] for row in block)


def _rows(book: _Book, part: str) -> Rows:
    """Cells that hold something, by row and column from 1; merged rows repeat their value."""
    rows: Rows = {}
    number = 0
    for element in _elements(book.archive, part, ("row", "mergeCell")):
        if local(element) == "mergeCell":
            _merge(rows, attribute(element, "ref"), book.archive.file)
            continue
        given = element.get("r", "")
        number = int(given) if re.fullmatch("[0-9]{1,7}", given) else number + 1
        cells: dict[int, str] = {}
        column = 0
        for cell in element:
            column = _column(cell.get("r", "")) or column + 1
            text = _value(book, cell)
            if text and column <= _LAST_COLUMN:
                cells[column] = book.archive.file.letters.take(text)
        if cells:
            rows[number] = cells
    return rows


def _merge(rows: Rows, area: str, file: File) -> None:
    """Repeat the value of a merged area in the rows below it that hold something else."""
    match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})", area)
    if match:
        column, first, last = _column(match[1]), int(match[2]), int(match[3])
        text = rows.get(first, {}).get(column, "")
        for number in range(first + 1, min(last, first + 100) + 1):
            if text and number in rows:
                rows[number].setdefault(column, file.letters.take(text))


def _column(name: str) -> int:
    """Number of a column from the start of a cell name: A is 1, AA is 27; 0 without letters."""
    number = 0
    for letter in name[:3]:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _value(book: _Book, cell: etree._Element) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _joined(cell)
    text = next((inner.text or "" for inner in cell if local(inner) == "v"), "")
    if kind == "s":
        return _pick(book.strings, text)
    if kind == "b" and text:
        return "TRUE" if text == "1" else "FALSE"
    if kind != "n" or not text:
        return text
    return _number(text, _pick(book.kinds, cell.get("s", "")), book.epoch)


def _pick(values: list[str], index: str) -> str:
    """The value at an index that a file names, nothing when there is none."""
    return values[int(index)] if index.isdecimal() and int(index) < len(values) else ""


def _number(text: str, kind: str, epoch: datetime) -> str:
    """A number as its reader sees it: dates as dates, shares as percentages."""
    try:
        value = float(text)
        if kind == "percent":
            return f"{value * 100:.12g}%"
        if kind == "duration" and abs(value) < 1e6:
            minutes, seconds = divmod(round(value * 86_400), 60)
            clock = f"{minutes // 60}:{minutes % 60:02d}"
            return f"{clock}:{seconds:02d}" if seconds else clock
        if kind == "date" and 0 <= value < 2_958_466:  # the last day is 31 December 9999
            return _moment(value, epoch)
        return text if re.fullmatch("-?[0-9]+", text) else f"{value:.15g}"
    except (ValueError, OverflowError):
        return text


def _moment(value: float, epoch: datetime) -> str:
    early = epoch.year == 1899 and value < 60
    moment = epoch + timedelta(days=int(value) + early, seconds=round(value % 1 * 86_400))
    clock = moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
    if value < 1:
        return clock
    return moment.date().isoformat() + ("" if clock == "00:00" else f" {clock}")


def _strings(archive: Archive, main: str) -> list[str]:
    parts = related(archive, main, "sharedStrings")
    return [_joined(item) for item in _elements(archive, parts[0], ("si",))] if parts else []


def _joined(element: etree._Element) -> str:
    """Text of all runs, without the phonetic readings of East Asian words."""
    parts = []
    for inner in element.iter():
        if local(inner) == "t" and local(inner.getparent()) != "rPh":
            parts.append(inner.text or "")
    return "".join(parts)


def _kinds(archive: Archive, main: str) -> list[str]:
    parts = related(archive, main, "styles")
    root = archive.xml(parts[0]) if parts else None
    own = child(root, "numFmts")
    codes = {
        attribute(each, "numFmtId"): attribute(each, "formatCode")
        for each in (own if own is not None else ())
    }
    styles = child(root, "cellXfs")
    numbers = [attribute(each, "numFmtId") for each in (styles if styles is not None else ())]
    return [_kind(number, codes.get(number, "")) for number in numbers]


def _kind(number: str, code: str) -> str:
    if not code:
        identifier = int(number) if number.isdecimal() else 0
        if identifier in _DATE_FORMATS:
            return "date"
        return "percent" if identifier in _PERCENT_FORMATS else ""
    signs = _LITERALS.sub("", code.split(";")[0]).lower()
    if re.search(r"\[[hms]+\]", signs):
        return "duration"
    if re.search("[dmyhs]", signs) and "general" not in signs:
        return "date"
    return "percent" if "%" in signs else ""


def _elements(archive: Archive, part: str, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """Elements of some names one after the other; a sheet of a million rows is never held whole."""
    events = etree.iterparse(
        io.BytesIO(archive.read(part)),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        for _, element in events:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise archive.file.malformed(f"its part {part!r} is not XML ({error})") from error


LOADER = Loader("workbooks", (".xlsx", ".xlsm", ".xltx"), recognises, read, apart=True)
