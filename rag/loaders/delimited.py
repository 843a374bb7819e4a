"""CSV and other tables in text form."""

import csv
import io
from typing import Final

from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import table_text

_DELIMITERS: Final = ",;\t|"
_SAMPLE_ROWS: Final = 50


def recognises(file: File) -> bool:
    """Never: a comma in a text does not make it a table, so only the name leads here."""
    return False


def read(file: File) -> Extract:
    """Read a table; the delimiter is found, columns without a header are kept."""
    text = decode(file)
    delimiter = ""
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):  # a hint for spreadsheets
        delimiter, text = text[4], text[5:]
    # The default limit of 128 KiB a field is a guard for streams; the text is in memory already.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    try:
        rows = _parse(text, delimiter or _delimiter(text))
    except csv.Error as error:
        raise file.malformed(f"it is not a table ({error})") from error
    rows = [row for row in rows if any(row)]
    used = {at for row in rows for at, cell in enumerate(row) if cell}
    file.letters.take(" | ", len(used) * len(rows))  # short rows are filled, whatever they hold
    return Extract((Page(table_text(rows)),))


def _delimiter(text: str) -> str:
    """The delimiter under which most rows are equally wide, the widest between equals."""
    return max(_DELIMITERS, key=lambda delimiter: _evidence(text, delimiter))


def _evidence(text: str, delimiter: str) -> tuple[float, int]:
    """Share of the sampled rows that have the commonest width above one, and that width."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    widths = [len(row) for row, _ in zip(reader, range(_SAMPLE_ROWS), strict=False) if row]
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0, 0
    commonest = max(wide, key=wide.count)
    return wide.count(commonest) / len(widths), commonest


def _parse(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


# Programs save tab-separated text and HTML under .xls; Excel's own formats are recognised before.
LOADER = Loader("tables in text form", (".csv", ".tsv", ".tab", ".psv", ".xls"), recognises, read)
