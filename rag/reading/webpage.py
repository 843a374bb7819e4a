"""HTML to markup: the text a reader of the page would see, without what surrounds it.

The tree is walked with a stack of its own: pages with thousands of unclosed tags nest deeper than
Python may recurse.
"""

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.reading.boilerplate import children, follows_alternative, is_dropped
from rag.reading.markup import Markup, one_line

_BLOCKS: Final = {
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "html",
    "legend",
    "main",
    "p",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
}
_HEADINGS: Final = {"h1", "h2", "h3", "h4", "h5", "h6"}
_VOID: Final = "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr"
_SELF_CLOSED: Final = re.compile(rf"<(?!(?:{_VOID})\b)([a-zA-Z][\w:-]*)((?:\s[^<>]*)?)/>")
_RAISED: Final = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LONG_CELL: Final = 400
"""Mean letters of a cell above which a table is taken for page layout."""
_WIDEST_SPAN: Final = 50
"""Most rows or columns that one cell fills; a hostile page claims millions."""
_REPEATED_CELL: Final = 100
"""Longest text, in letters, that is repeated in the rows its cell reaches down to."""


def write_html(source: str, out: Markup) -> str:
    """Write the readable part of a page to `out` and return its <title>, which may be empty."""
    if "<?xml" in source[:200] or "http://www.w3.org/1999/xhtml" in source[:2000]:
        # In XHTML `<title/>` is complete; an HTML parser would take the rest of the file for it.
        source = _SELF_CLOSED.sub(r"<\1\2></\1>", source)
    tree = LexborHTMLParser(source)
    root = tree.body or tree.root
    if root is None:
        return ""
    page = _read(root)
    mains = tree.css("main, [role=main]")
    if len(mains) == 1:
        # What stands outside the main part repeats on every page of a site, unless the page marks
        # a mere fragment as its main part.
        main = _read(mains[0])
        if 2 * len(main.text()) >= len(page.text()):
            page = main
    out.extend(page)
    title = tree.css_first("head title")
    return one_line(title.text()) if title is not None else ""


def _read(root: LexborNode) -> Markup:
    writer = _Writer(_layout_tables(root))
    stack = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            writer.leave(node)
        elif (node is root or not is_dropped(node)) and writer.enter(node):
            stack.append((node, True))
            stack.extend((inner, False) for inner in reversed(children(node)))
    writer.flush()
    return writer.out


class _Writer:
    """Turns the nodes of one walk into blocks."""

    def __init__(self, layout: set[int]) -> None:
        self.out = Markup()
        self._layout = layout
        self._buffer: list[str] = []
        self._lists: list[int | None] = []  # next number, None in unnumbered lists
        self._marker = ""  # of the item whose text has not been written yet
        self._heading = 0
        self._preformatted = 0

    def enter(self, node: LexborNode) -> bool:
        """Begin a node; False when it is already written with all that is in it."""
        tag = node.tag or ""
        if follows_alternative(node):
            self._buffer.append(" / ")
        if tag == "-text":
            self._text(node)
        elif tag == "br":
            self._buffer.append("\n")
        elif tag == "table" and node.mem_id not in self._layout and not self._preformatted:
            return not self._table(node)
        elif tag in _HEADINGS:
            self.flush()
            self._heading = int(tag[1])
        elif tag == "pre":
            self.flush()
            self._preformatted += 1
        elif tag in ("ul", "ol", "menu"):
            self.flush()
            self._lists.append(_start(node) if tag == "ol" else None)
        elif tag == "li":
            self._item()
        else:
            self._block(tag)
        return True

    def leave(self, node: LexborNode) -> None:
        """End a node."""
        tag = node.tag or ""
        if tag in _HEADINGS:
            self.flush()
            self._heading = 0
        elif tag == "pre":
            self._preformatted -= 1
            self.out.code("".join(self._buffer))
            self._buffer.clear()
        elif tag in ("ul", "ol", "menu"):
            self.flush()
            self._lists.pop()
        elif tag == "li":
            self.flush()
            self._marker = ""
        else:
            self._block(tag)

    def flush(self) -> None:
        """Write what has been collected as a block of its kind."""
        text = "".join(self._buffer)
        if self._preformatted or not text.strip():
            return
        self._buffer.clear()
        if self._heading:
            self.out.heading(self._heading, text)
        elif self._marker:
            self.out.item(text, len(self._lists) - 1, self._marker)
            self._marker = ""
        else:
            self.out.paragraph(text)

    def _block(self, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        if self._marker or self._heading or self._preformatted:
            # An item is one line however many paragraphs it holds; so is a heading.
            self._buffer.append("\n")
        else:
            self.flush()

    def _item(self) -> None:
        self.flush()
        self._lists = self._lists or [None]  # a stray <li> outside any list
        number = self._lists[-1]
        self._marker = "-" if number is None else f"{number}."
        if number is not None:
            self._lists[-1] = number + 1

    def _text(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if self._preformatted:
            self._buffer.append(text)
            return
        text = re.sub(r"\s", " ", text)  # only <br> breaks a line
        parent = node.parent
        if parent is not None and parent.tag == "sup" and self._buffer:
            text = _exponent(self._buffer[-1], text)
        self._buffer.append(text)

    def _table(self, table: LexborNode) -> bool:
        """Write a table of data; False when its cells are too long to be data."""
        rows = _rows(table)
        filled = [cell for row in rows for cell in row if cell]
        columns = {i for row in rows for i, cell in enumerate(row) if cell}
        if len(columns) < 2 or sum(map(len, filled)) > _LONG_CELL * len(filled):
            return False
        self.flush()
        caption = next((inner for inner in children(table) if inner.tag == "caption"), None)
        if caption is not None:
            self.out.paragraph(_inline(caption))
        self.out.table(rows)
        return True


def _layout_tables(root: LexborNode) -> set[int]:
    """Tables that arrange the page: those that hold tables or headings, or say so."""
    layout = {table.mem_id for table in root.css("table[role=presentation]")}
    stack = [(root, 0)]
    while stack:
        node, table = stack.pop()  # `table`: the innermost one around the node, 0 for none
        if node.tag == "table" or node.tag in _HEADINGS:
            layout.add(table)
        inside = node.mem_id if node.tag == "table" else table
        stack.extend((inner, inside) for inner in node.iter())
    return layout


def _rows(table: LexborNode) -> list[list[str]]:
    """Cells by row and column; a cell over several rows is repeated, over columns it is not."""
    rows: list[list[str]] = []
    pending: dict[int, tuple[int, str]] = {}  # column: (rows still to fill, text)
    for row in table.css("tr"):
        cells: list[str] = []
        for cell in children(row):
            if cell.tag in ("td", "th") and not is_dropped(cell):
                _fill(cells, pending)
                text = one_line(_inline(cell))
                span = _number(cell, "colspan", 1)
                below = _number(cell, "rowspan", 1) - 1
                for column in range(len(cells), len(cells) + span):
                    if below:
                        again = column == len(cells) and len(text) <= _REPEATED_CELL
                        pending[column] = (below, text if again else "")
                cells += [text] + [""] * (span - 1)
        _fill(cells, pending)
        rows.append(cells)
    return rows


def _fill(cells: list[str], pending: dict[int, tuple[int, str]]) -> None:
    """Append the cells that reach down from rows above."""
    while len(cells) in pending:
        below, text = pending.pop(len(cells))
        if below > 1:
            pending[len(cells)] = (below - 1, text)
        cells.append(text)


def _inline(root: LexborNode) -> str:
    """All text below a node in one piece; blocks and line breaks are set apart by a space."""
    parts: list[str] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.tag == "-text":
            parts.append(node.text_content or "")
        elif node is root or not is_dropped(node):
            if node.tag in _BLOCKS or node.tag in ("br", "li", "pre"):
                parts.append(" ")
            stack.extend(reversed(children(node)))
    return "".join(parts)


def _number(node: LexborNode, name: str, default: int) -> int:
    value = node.attributes.get(name) or ""
    return min(max(int(value), 1), _WIDEST_SPAN) if re.fullmatch(r"[0-9]{1,6}", value) else default


def _start(node: LexborNode) -> int:
    return _number(node, "start", 1)


def _exponent(before: str, text: str) -> str:
    """A raised number right after a digit is an exponent: "10" and "6" must not become 106."""
    if before[-1:].isdigit() and re.fullmatch(r"[+−-]?[0-9]+", text.strip()):
        return text.strip().translate(_RAISED)
    return text
