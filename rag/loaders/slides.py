"""Presentations (PPTX), one page a slide, with speaker notes, tables, charts and diagrams."""

from itertools import zip_longest
from typing import Final

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
from rag.reading.markup import Markup, one_line

_TITLES: Final = {"title", "ctrTitle"}
_REPEATED: Final = {"dt", "ftr", "sldNum", "hdr", "sldImg"}
"""Placeholders for date, footer and number, the same on every slide."""
_LISTS: Final = {"body", "obj", ""}
"""Placeholders whose paragraphs are list items; one without a kind is `obj`."""


def recognises(file: File) -> bool:
    """Whether it is a zip container with a presentation in it."""
    return any(name.startswith("ppt/") and name.endswith(".xml") for name in file.members)


def read(file: File) -> Extract:
    """Read the slides in the order of the show, hidden ones as well."""
    archive = Archive(file)
    mains = related(archive, "", "officeDocument")
    if not mains:
        raise file.malformed("it has no main part")
    order = child(archive.xml(mains[0]), "sldIdLst")
    file.check_pages(len(order) if order is not None else 0)
    targets = relations(archive, mains[0])
    slides = []
    for number, element in enumerate(order if order is not None else (), 1):
        relation = targets.get(reference(element))
        if relation is None or relation.target not in archive.names:
            raise file.malformed(f"its slide {number} is missing")
        slides.append(_Slide(archive, relation.target))
    texts = [slide.out.text() for slide in slides]
    pictures = [n for n, slide in enumerate(slides, 1) if slide.has_picture and not texts[n - 1]]
    if pictures and not any(texts):
        raise file.no_text("slide", pictures)
    return Extract(
        tuple(Page(text, number) for number, text in enumerate(texts, 1)),
        core_title(archive) or next((slide.title for slide in slides if slide.title), ""),
        (file.no_text("slide", pictures),) if pictures else (),
    )


class _Slide:
    """The text of one slide."""

    def __init__(self, archive: Archive, name: str) -> None:
        self.out = Markup()
        self.title = ""
        self.has_picture = False
        self._archive = archive
        self._targets = relations(archive, name)
        shapes = child(archive.xml(name), "cSld", "spTree")
        if shapes is not None:
            self._titles(shapes)
            self._shapes(shapes)
        for notes in related(archive, name, "notesSlide"):
            self._notes(archive.xml(notes))

    def _titles(self, shapes: etree._Element) -> None:
        """Write the title first, wherever it stands in the drawing order."""
        for shape in shapes.iter():
            if local(shape) == "sp" and _placeholder(shape) in _TITLES:
                text = " ".join(text for _, text in _paragraphs(shape))
                self.title = self.title or one_line(text)
                self.out.heading(1, text)

    def _shapes(self, parent: etree._Element) -> None:
        for shape in parent:
            kind = local(shape)
            if kind == "sp":
                self._shape(shape)
            elif kind in ("grpSp", "AlternateContent", "Choice"):  # Fallback repeats the choice
                self._shapes(shape)
            elif kind == "graphicFrame":
                self._frame(shape)
            elif kind == "pic":
                self.has_picture = True

    def _shape(self, shape: etree._Element) -> None:
        placeholder = _placeholder(shape)
        if placeholder in _TITLES or placeholder in _REPEATED:
            return
        for paragraph, text in _paragraphs(shape):
            properties = child(paragraph, "pPr")
            depth = attribute(properties, "lvl") if properties is not None else ""
            marks = {local(inner) for inner in properties} if properties is not None else set()
            if "buNone" not in marks and (placeholder in _LISTS or marks & {"buChar", "buAutoNum"}):
                self.out.item(text, int(depth) if depth in tuple("12345678") else 0)
            else:
                self.out.paragraph(text)

    def _frame(self, frame: etree._Element) -> None:
        data = child(frame, "graphic", "graphicData")
        for inner in data if data is not None else ():
            kind = local(inner)
            if kind == "tbl":
                self.out.table(_table(inner, self._archive.file))
            elif kind == "chart":
                for root in self._part(reference(inner)):
                    self._chart(root)
            elif kind == "relIds":
                for root in self._part(reference(inner, "dm")):
                    for point in (each for each in root.iter() if local(each) == "pt"):
                        self.out.item(" ".join(text for _, text in _paragraphs(point)))

    def _part(self, identifier: str) -> list[etree._Element]:
        relation = self._targets.get(identifier)
        known = relation is not None and relation.target in self._archive.names
        return [self._archive.xml(relation.target)] if relation is not None and known else []

    def _chart(self, root: etree._Element) -> None:
        """Write the numbers a chart shows as a table, categories down and series across."""
        title = child(root, "chart", "title")
        if title is not None:
            self.out.paragraph(" ".join(text for _, text in _paragraphs(title)))
        series = [each for each in root.iter() if local(each) == "ser"]
        if series:
            names = [" ".join(self._values(each, "tx")) for each in series]
            categories = self._values(series[0], "cat") or self._values(series[0], "xVal")
            columns = [self._values(each, "val") or self._values(each, "yVal") for each in series]
            rows = zip_longest(categories, *columns, fillvalue="")
            self.out.table([["", *names], *rows])

    def _values(self, series: etree._Element, name: str) -> list[str]:
        """Values of a series as they were last calculated, in order, gaps as empty texts."""
        element = child(series, name)
        points = [] if element is None else [each for each in element.iter() if local(each) == "pt"]
        values = {}
        for point in points:
            value, index = child(point, "v"), attribute(point, "idx")
            if value is not None and index.isdecimal() and len(index) < 6:
                values[int(index)] = value.text or ""
        if element is not None and not points:
            return [each.text or "" for each in element.iter() if local(each) == "v"]
        last = max(values, default=-1)
        self._archive.file.letters.take(" ", last + 1)  # one value far out claims all before it
        return [values.get(index, "") for index in range(last + 1)]

    def _notes(self, root: etree._Element) -> None:
        for shape in root.iter():
            if local(shape) == "sp" and _placeholder(shape) == "body":
                texts = [text for _, text in _paragraphs(shape) if text.strip()]
                if texts:
                    self.out.paragraph("Notes: " + "\n".join(texts))


def _placeholder(shape: etree._Element) -> str | None:
    """Kind of the placeholder a shape fills, None when it fills none."""
    application = child(shape, "nvSpPr", "nvPr", "ph")
    return attribute(application, "type") if application is not None else None


def _paragraphs(element: etree._Element) -> list[tuple[etree._Element, str]]:
    return [(each, _text(each)) for each in element.iter() if local(each) == "p"]


def _text(paragraph: etree._Element) -> str:
    parts = []
    for inner in paragraph.iter():
        if local(inner) == "t":
            parts.append(inner.text or "")
        elif local(inner) == "br":
            parts.append("\n")
    return "".join(parts)


def _table(table: etree._Element, file: File) -> list[list[str]]:
    """Cells by row and column; a cell over several rows is repeated, over columns it is not."""
    rows: list[list[str]] = []
    for row in (each for each in table if local(each) == "tr"):
        cells: list[str] = []
        for cell in (each for each in row if local(each) == "tc"):
            above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else ""
            joined = attribute(cell, "vMerge") in ("1", "true")
            text = one_line(" ".join(text for _, text in _paragraphs(cell)))
            cells.append(file.letters.take(above) if joined and not text else text)
        rows.append(cells)
    return rows


LOADER = Loader("presentations", (".pptx", ".pptm", ".ppsx", ".potx"), recognises, read, apart=True)
