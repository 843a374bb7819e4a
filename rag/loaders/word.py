"""Word documents (DOCX), read from their XML.

Read directly because the usual library leaves out what business documents are full of: text boxes,
content controls, inserted text under change tracking, automatic numbers, foot- and endnotes.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from lxml import etree

from rag.reading.archive import (
    Archive,
    attribute,
    child,
    core_title,
    local,
    related,
)
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup, one_line
from rag.reading.numbering import Numbering

_WRAPPERS: Final = {
    "sdt",
    "sdtContent",
    "ins",
    "moveTo",
    "customXml",
    "smartTag",
    "body",
    "hdr",
    "ftr",
}
# Deleted text, field codes, comments, and the second copy of a text box for old versions of Word.
_LEFT_OUT: Final = {"del", "moveFrom", "instrText", "pPr", "rPr", "sdtPr", "Fallback", "rt", "tbl"}
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTES: Final = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
_HEADING_NAME: Final = re.compile(
    r"(?:heading|başlık|überschrift|titre|título|titolo|kop|rubrik|заголовок)\s*([1-9])", re.I
)
_OFF: Final = {"0", "false", "off", "none"}


class _Style(NamedTuple):
    heading: int = 0
    """Level from 1, 0 for text that is no heading."""
    number: str = ""
    depth: int = 0
    is_title: bool = False
    is_contents: bool = False
    """Whether it is a line of a table of contents, which only repeats the headings."""


def recognises(file: File) -> bool:
    """Whether it is a zip container with a Word document in it."""
    return any(name.startswith("word/") and name.endswith(".xml") for name in file.members)


def read(file: File) -> Extract:
    """Read headers, text, notes and footers, each once, in this order."""
    archive = Archive(file)
    mains = related(archive, "", "officeDocument")
    if not mains:
        raise file.malformed("it has no main part")
    reader, out = _Reader(archive, mains[0]), Markup()
    out.margins(reader.margins("header"))
    body = child(archive.xml(mains[0]), "body")
    if body is not None:
        reader.blocks(body, out)
    reader.notes(out)
    out.margins(reader.margins("footer"))
    title = core_title(archive) or reader.title or out.first_heading
    return Extract((Page(out.text()),), title)


class _Reader:
    def __init__(self, archive: Archive, main: str) -> None:
        self.title = ""
        """Text of the first paragraph in the style for titles."""
        self._archive = archive
        self._main = main
        self._styles = _styles(_part(archive, main, "styles"))
        self._numbering = Numbering(_part(archive, main, "numbering"))
        self._boxes: list[etree._Element] = []
        self._cited: dict[tuple[str, str], int] = {}  # (kind, id) of notes: number shown

    def margins(self, kind: str) -> Iterator[Markup]:
        """The headers or footers of all sections."""
        for name in related(self._archive, self._main, kind):
            part = Markup()
            self.blocks(self._archive.xml(name), part)
            yield part

    def blocks(self, parent: etree._Element, out: Markup) -> None:
        """Write the paragraphs and tables below an element."""
        for element in parent:
            kind = local(element)
            if kind == "p":
                self._paragraph(element, out)
            elif kind == "tbl":
                self._table(element, out)
            elif kind in _WRAPPERS:
                self.blocks(element, out)

    def notes(self, out: Markup) -> None:
        """Write the foot- and endnotes under the numbers they have in the text."""
        texts = {}
        for kind in ("footnote", "endnote"):
            root = _part(self._archive, self._main, f"{kind}s")
            for note in root if root is not None else ():
                text = " ".join(self._inline(p) for p in note.iter() if local(p) == "p")
                texts[kind, attribute(note, "id")] = one_line(text)
        for key, number in self._cited.items():
            out.paragraph(f"[{number}] {texts.get(key, '')}")

    def _paragraph(self, element: etree._Element, out: Markup) -> None:
        text = self._inline(element)
        style = self._style(child(element, "pPr"))
        if text.strip() and not style.is_contents:
            self.title = self.title or (text if style.is_title else "")
            self._write(text, style, out)
        self._write_boxes(out)

    def _write_boxes(self, out: Markup) -> None:
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.blocks(box, out)

    def _write(self, text: str, style: _Style, out: Markup) -> None:
        marker = self._numbering.marker(style.number, style.depth) if style.number else ""
        self._archive.file.letters.take(marker)
        if style.heading:
            out.heading(style.heading, f"{marker} {text}" if marker.strip("-") else text)
        elif marker:
            plain = marker == "-" or re.fullmatch(r"[0-9]+\.", marker)
            text = text if plain else f"{marker} {text}"
            out.item(text, style.depth, marker if plain else "-")
        else:
            out.paragraph(text)

    def _style(self, properties: etree._Element | None) -> _Style:
        """Style of a paragraph with what the paragraph itself says on top of it."""
        if properties is None:
            return self._styles.get("", _Style())
        name = child(properties, "pStyle")
        style = self._styles.get(attribute(name, "val") if name is not None else "", _Style())
        return _with_own(style, properties)

    def _inline(self, element: etree._Element) -> str:
        """Text of a paragraph; its text boxes are put aside for after it."""
        parts: list[str] = []
        for inner in element:
            kind = local(inner)
            if kind == "t":
                parts.append(inner.text or "")
            elif kind in _BREAKS:
                parts.append(_BREAKS[kind])
            elif kind in _NOTES:
                key = (_NOTES[kind], attribute(inner, "id"))
                parts.append(f"[{self._cited.setdefault(key, len(self._cited) + 1)}]")
            elif kind == "txbxContent":
                self._boxes.append(inner)
            elif kind == "AlternateContent":
                choice = child(inner, "Choice")
                fallback = child(inner, "Fallback")
                chosen = choice if choice is not None else fallback
                parts.append(self._inline(chosen) if chosen is not None else "")
            elif kind not in _LEFT_OUT and not (kind == "r" and _is_hidden(inner)):
                parts.append(self._inline(inner))
        return "".join(parts)

    def _table(self, table: etree._Element, out: Markup) -> None:
        """Write a table of data; one that only frames its text is written as that text."""
        rows = list(_inside(table, "tr"))
        if all(len(list(_inside(row, "tc"))) < 2 for row in rows):
            for row in rows:
                for cell in _inside(row, "tc"):
                    self.blocks(cell, out)
        else:
            out.table(self._rows(rows))
            self._write_boxes(out)

    def _rows(self, rows: list[etree._Element]) -> list[list[str]]:
        """Cells by row and column; a cell over several rows is repeated, over columns it is not."""
        table: list[list[str]] = []
        for row in rows:
            properties = child(row, "trPr")
            if child(properties, "del") is not None:
                continue
            cells = [""] * _span(child(properties, "gridBefore"), 0)
            for cell in _inside(row, "tc"):
                settings = child(cell, "tcPr")
                merge = child(settings, "vMerge")
                if merge is not None and attribute(merge, "val") != "restart" and table:
                    above = table[-1]
                    text = above[len(cells)] if len(cells) < len(above) else ""
                    self._archive.file.letters.take(text)
                else:
                    text = self._cell(cell)
                cells += [text] + [""] * (_span(child(settings, "gridSpan"), 1) - 1)
            table.append(cells)
        return table

    def _cell(self, cell: etree._Element) -> str:
        """Text of a cell in one line; a table inside it as `a, b; c, d`."""
        parts = []
        for element in cell:
            kind = local(element)
            if kind == "p":
                parts.append(self._inline(element))
            elif kind == "tbl":
                inner = self._rows(list(_inside(element, "tr")))
                parts.append("; ".join(", ".join(filter(None, row)) for row in inner))
            elif kind in _WRAPPERS:
                parts.append(self._cell(element))
        return one_line(" ".join(parts))


def _inside(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Children of one name, also those in content controls and tracked insertions."""
    for inner in element:
        if local(inner) == name:
            yield inner
        elif local(inner) in _WRAPPERS:
            yield from _inside(inner, name)


def _span(element: etree._Element | None, default: int) -> int:
    value = attribute(element, "val") if element is not None else ""
    return min(int(value), 100) if re.fullmatch(r"[0-9]{1,6}", value) else default


def _is_hidden(run: etree._Element) -> bool:
    vanish = child(run, "rPr", "vanish")
    return vanish is not None and attribute(vanish, "val") not in _OFF


def _part(archive: Archive, main: str, kind: str) -> etree._Element | None:
    names = related(archive, main, kind)
    return archive.xml(names[0]) if names else None


def _styles(root: etree._Element | None) -> dict[str, _Style]:
    """Styles by identifier, each with what it inherits."""
    elements = {
        attribute(element, "styleId"): element
        for element in (root if root is not None else ())
        if local(element) == "style"
    }
    found: dict[str, _Style] = {}

    def style(name: str, depth: int = 0) -> _Style:
        if name in found or name not in elements or depth > 50:  # 50: styles that inherit in a ring
            return found.get(name, _Style())
        element = elements[name]
        based_on = child(element, "basedOn")
        inherited = (
            style(attribute(based_on, "val"), depth + 1) if based_on is not None else _Style()
        )
        shown = child(element, "name")
        words = attribute(shown, "val").lower() if shown is not None else ""
        if words == "title":
            inherited = inherited._replace(heading=1, is_title=True)
        elif match := _HEADING_NAME.fullmatch(words) or _HEADING_NAME.fullmatch(name):
            inherited = inherited._replace(heading=int(match[1]))
        elif words.startswith("toc ") and words != "toc heading":
            inherited = inherited._replace(is_contents=True)
        found[name] = _with_own(inherited, child(element, "pPr"))
        return found[name]

    for name in elements:
        style(name)
    return found


def _with_own(style: _Style, properties: etree._Element | None) -> _Style:
    """The style with the outline level and the list that paragraph properties set themselves."""
    level = child(properties, "outlineLvl")
    if level is not None and re.fullmatch("[0-9]", value := attribute(level, "val")):
        style = style._replace(heading=0 if value == "9" else int(value) + 1)  # 9 is body text
    number, depth = child(properties, "numPr", "numId"), child(properties, "numPr", "ilvl")
    if number is not None:
        value = attribute(number, "val")
        style = style._replace(number="" if value == "0" else value)  # 0 takes out of a list
    if depth is not None and re.fullmatch("[0-8]", value := attribute(depth, "val")):
        style = style._replace(depth=int(value))
    return style


LOADER = Loader(
    "Word documents", (".docx", ".docm", ".dotx", ".dotm"), recognises, read, apart=True
)
