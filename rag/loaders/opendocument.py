"""OpenDocument texts (ODT)."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from rag.reading.archive import Archive, attribute, child, local
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup, one_line, usable_title

_MIMETYPE: Final = b"application/vnd.oasis.opendocument.text"
_LEFT_OUT: Final = {
    "tracked-changes",  # deleted text
    "annotation",
    "table-of-content",
    "alphabetical-index",
    "forms",
    "ruby-text",
    "desc",
}
_MOST_REPEATS: Final = 100
"""Most times a cell or a space is repeated; a hostile file claims millions."""


def recognises(file: File) -> bool:
    """Whether it is a zip container that names itself an OpenDocument text."""
    # The first entry holds the type, neither packed nor preceded by anything but a header.
    return file.data.startswith(b"PK") and file.data[38:].startswith(_MIMETYPE)


def read(file: File) -> Extract:
    """Read headers, text, notes and footers, in this order."""
    archive = Archive(file)
    _refuse_encrypted(archive)
    content, meta = archive.xml("content.xml"), archive.xml_or_none("meta.xml")
    body = child(content, "body", "text")
    if body is None:
        raise file.malformed("it has no text part")
    master = child(archive.xml_or_none("styles.xml"), "master-styles")
    reader, out = _Reader(content, file), Markup()
    out.margins(reader.margins(master, "header"))
    reader.blocks(body, out)
    reader.notes(out)
    out.margins(reader.margins(master, "footer"))
    title = child(meta, "meta", "title")
    own = usable_title(title.text or "") if title is not None else ""
    return Extract((Page(out.text()),), own or reader.title or out.first_heading)


def _refuse_encrypted(archive: Archive) -> None:
    manifest = archive.xml_or_none("META-INF/manifest.xml")
    if manifest is not None and any(local(each) == "encryption-data" for each in manifest.iter()):
        raise archive.file.error(
            "encrypted", "it is protected by a password", "save a copy without the password"
        )


class _Reader:
    def __init__(self, content: etree._Element, file: File) -> None:
        self.title = ""
        """Text of the first paragraph in the style for titles."""
        self._letters = file.letters
        self._boxes: list[etree._Element] = []
        self._notes: list[str] = []
        styles = child(content, "automatic-styles")
        self._titles, self._numbered = {"Title"}, set[tuple[str, int]]()
        for style in styles if styles is not None else ():
            if attribute(style, "parent-style-name") == "Title":
                self._titles.add(attribute(style, "name"))
            for level in style if local(style) == "list-style" else ():
                if local(level) == "list-level-style-number" and attribute(level, "num-format"):
                    depth = attribute(level, "level")
                    self._numbered.add((attribute(style, "name"), _count(depth, 1) - 1))

    def margins(self, master: etree._Element | None, kind: str) -> Iterator[Markup]:
        """The headers or footers of all page styles."""
        for element in master.iter() if master is not None else ():
            if local(element) == kind:
                part = Markup()
                self.blocks(element, part)
                yield part

    def notes(self, out: Markup) -> None:
        """Write the foot- and endnotes under the numbers they have in the text."""
        for number, text in enumerate(self._notes, 1):
            out.paragraph(f"[{number}] {text}")

    def blocks(self, parent: etree._Element, out: Markup) -> None:
        """Write the paragraphs, lists and tables below an element."""
        for element in parent:
            kind = local(element)
            if kind in ("h", "p"):
                self._paragraph(element, out)
            elif kind == "list":
                self._list(element, attribute(element, "style-name"), 0, out)
            elif kind == "table":
                self._table(element, out)
            elif kind not in _LEFT_OUT:
                self.blocks(element, out)
        self._write_boxes(out)

    def _write_boxes(self, out: Markup) -> None:
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.blocks(box, out)

    def _paragraph(self, element: etree._Element, out: Markup) -> None:
        text = self._inline(element)
        if local(element) == "h":
            out.heading(_count(attribute(element, "outline-level"), 1), text)
        elif attribute(element, "style-name") in self._titles:
            self.title = self.title or one_line(text)
            out.heading(1, text)
        else:
            out.paragraph(text)
        self._write_boxes(out)

    def _list(self, element: etree._Element, style: str, depth: int, out: Markup) -> None:
        number = 0
        for item in element:
            start = attribute(item, "start-value")
            number = _count(start, 1) if start else number + 1
            is_numbered = (style, depth) in self._numbered and local(item) == "list-item"
            marker = f"{number}." if is_numbered else "-"
            for inner in item:
                if local(inner) == "list":
                    own = attribute(inner, "style-name") or style
                    self._list(inner, own, depth + 1, out)
                elif local(inner) == "h":
                    self._paragraph(inner, out)
                else:
                    out.item(self._inline(inner), depth, marker)
                    self._write_boxes(out)

    def _inline(self, element: etree._Element) -> str:
        """Text of a paragraph; its text boxes and notes are put aside."""
        parts = [_plain(element.text)]
        for inner in element:
            kind = local(inner)
            if kind == "s":
                parts.append(" " * _count(attribute(inner, "c"), 1))
            elif kind in ("tab", "line-break"):
                parts.append("\t" if kind == "tab" else "\n")
            elif kind == "note":
                body = child(inner, "note-body")
                texts = [self._inline(each) for each in body] if body is not None else []
                self._notes.append(one_line(" ".join(texts)))
                parts.append(f"[{len(self._notes)}]")
            elif kind == "text-box":
                self._boxes.append(inner)
            elif kind not in _LEFT_OUT:
                parts.append(self._inline(inner))
            parts.append(_plain(inner.tail))
        return "".join(parts)

    def _table(self, table: etree._Element, out: Markup) -> None:
        rows = self._rows(table)
        if all(len(row) < 2 for row in rows):
            for cell in (each for each in table.iter() if local(each) == "table-cell"):
                self.blocks(cell, out)
        else:
            out.table(rows)

    def _rows(self, table: etree._Element) -> list[list[str]]:
        """Cells by row and column; a cell over several rows is repeated, over columns it is not."""
        rows: list[list[str]] = []
        below: dict[int, int] = {}  # column: rows that the cell above still covers
        for row in _inside(table, "table-row"):
            cells: list[str] = []
            for cell in row:
                column = len(cells)
                if local(cell) == "covered-table-cell":
                    above = rows[-1] if rows and below.get(column, 0) > 0 else []
                    text = above[column] if column < len(above) else ""
                    below[column] = below.get(column, 0) - 1
                else:
                    text = self._cell(cell)
                    below[column] = _count(attribute(cell, "number-rows-spanned"), 1) - 1
                times = _count(attribute(cell, "number-columns-repeated"), 1)
                cells += [self._letters.take(text, times)] * times
            rows.append(cells)
        return rows

    def _cell(self, cell: etree._Element) -> str:
        """Text of a cell in one line; a table inside it as `a, b; c, d`."""
        parts = []
        for element in cell:
            if local(element) == "table":
                rows = self._rows(element)
                parts.append("; ".join(", ".join(filter(None, row)) for row in rows))
            elif local(element) in ("p", "h"):
                parts.append(self._inline(element))
            elif local(element) not in _LEFT_OUT:
                parts.append(self._cell(element))
        return one_line(" ".join(parts))


def _inside(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Children of one name, also those in groups and header rows, not those of inner tables."""
    for inner in element:
        if local(inner) == name:
            yield inner
        elif local(inner).startswith("table-"):
            yield from _inside(inner, name)


def _plain(text: str | None) -> str:
    """White space of the XML as in HTML: the end of a line is a space."""
    return re.sub(r"\s", " ", text or "")


def _count(text: str, default: int) -> int:
    return min(int(text), _MOST_REPEATS) if re.fullmatch("[0-9]{1,9}", text) else default


LOADER = Loader("OpenDocument texts", (".odt", ".ott"), recognises, read, apart=True)
