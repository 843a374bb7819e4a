"""The Markdown-like text that every loader writes."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# Soft hyphen, zero-width space, byte order mark, and the direction marks that can make a text
# read differently from what it holds. Not U+200C and U+200D: Persian and emoji are spelt with them.
_INVISIBLE = (
    "\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_TRANSLATION = str.maketrans(
    {chr(code): None for code in range(32)}
    | dict.fromkeys(_INVISIBLE)
    | _LIGATURES
    | {"\t": "\t", "\n": "\n"}
    | dict.fromkeys("\x0b\x0c\x85\u2028\u2029", "\n")
    | dict.fromkeys("\u00a0\u2007\u202f", " ")
)
_GENERIC_TITLE = re.compile(
    r"(untitled|isimsiz|adsız|unbenannt|sans titre|document|belge|dokument|presentation|sunu|slide"
    r"|sheet|book|kitap|word|(microsoft )?(word|powerpoint|excel))"
    r"[\s\d.-]*(presentation|sunusu|document|belgesi)?$|microsoft (word|powerpoint|excel) - "
    r"|\S+\.\w{2,4}$|.*\.(docx?|pdf|pptx?|xlsx?|odt|rtf|html?|txt|indd)$",
    re.IGNORECASE,
)


_PAGE_WORD = len("Page of")
"""Letters up to which a header or footer is taken for a page number ("Page 3 of 9")."""


class Markup:
    """Collects the blocks of a document in reading order.

    List items that follow each other stay together; other blocks are set apart by an empty line.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[str, str]] = []
        self.first_heading = ""
        """Text of the first heading written, without its marks."""

    def heading(self, level: int, text: str) -> None:
        """Write a heading of level 1 to 6; other levels are moved into that range."""
        text = one_line(text)
        if text:
            self.first_heading = self.first_heading or text
            self._blocks.append(("heading", "#" * min(max(level, 1), 6) + " " + text))

    def paragraph(self, text: str) -> None:
        """Write a paragraph; line breaks in it are kept."""
        lines = [" ".join(line.split()) for line in text.splitlines()]
        # A leading "# " in running text is a number sign and must not become a heading.
        kept = [re.sub(r"^(#{1,6} )", r"\\\1", line) for line in lines if line]
        if kept:
            self._blocks.append(("paragraph", "\n".join(kept)))

    def item(self, text: str, depth: int = 0, marker: str = "-") -> None:
        """Write a list item; `depth` 0 is the outermost list, `marker` is `-` or a number."""
        text = one_line(text)
        if text:
            self._blocks.append(("item", f"{'  ' * min(depth, 8)}{marker} {text}"))

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows of cells; rows and columns with nothing in them are left out."""
        text = table_text(rows)
        if text:
            self._blocks.append(("table", text))

    def verbatim(self, text: str) -> None:
        """Write text that is laid out already; its lines and empty lines are kept."""
        if text.strip():
            self._blocks.append(("verbatim", text.strip("\r\n")))

    def code(self, text: str) -> None:
        """Write preformatted text, its line breaks and indents kept."""
        if text.strip():
            longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
            fence = "`" * (longest + 1)
            body = text.strip("\r\n")
            self._blocks.append(("code", f"{fence}\n{body}\n{fence}"))

    def extend(self, other: "Markup") -> None:
        """Append the blocks of another text."""
        self.first_heading = self.first_heading or other.first_heading
        self._blocks += other._blocks

    def margins(self, parts: Iterable["Markup"]) -> None:
        """Write page headers or footers: each wording once, and none that is a page number."""
        seen = set()
        for part in parts:
            text = part.text()
            if text not in seen and len(re.findall(r"[^\W\d_]", text)) > _PAGE_WORD:
                self.extend(part)
            seen.add(text)

    def text(self) -> str:
        """All blocks as one text."""
        parts: list[str] = []
        before = ""
        for kind, block in self._blocks:
            if parts:
                parts.append("\n" if before == kind == "item" else "\n\n")
            parts.append(block)
            before = kind
        return "".join(parts)


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as `| a | b |` lines, without the rows and columns that are empty throughout.

    A column whose header is empty is kept: its cells still say something. Short rows are filled.
    """
    cells = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    used = sorted({i for row in cells for i, cell in enumerate(row) if cell})
    return "\n".join(
        "| " + " | ".join(row[i] if i < len(row) else "" for i in used) + " |" for row in cells
    )


def tidy(text: str) -> str:
    """Text in one form for search: NFC, plain spaces and line ends, nothing invisible.

    Composing (NFC) matters for Turkish: a decomposed "g" + breve would never match "ğ".
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_TRANSLATION)
    text = unicodedata.normalize("NFC", text)
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def usable_title(text: str) -> str:
    """The title in one line, or nothing when a program filled in its own ("Document1")."""
    title = one_line(tidy(text))
    return "" if _GENERIC_TITLE.match(title) or not re.search(r"\w", title) else title[:300]
