"""Rich Text Format to markup (specification 1.9.1)."""

import codecs
import re
from dataclasses import dataclass, replace
from typing import Final

from rag.reading.markup import Markup, one_line

_TOKEN: Final = re.compile(
    r"\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<word>[a-zA-Z]{1,32})(?P<value>-?[0-9]{1,10})? ?"
    r"|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|.",
    re.S,
)
_CODE_PAGES: Final = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
"""Encoding by the character set of a font (\\fcharset)."""
_SIGNS: Final = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "emdash": "—", "endash": "–", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ",
    "nestcell": ", ", "nestrow": "; ", "~": " ", "_": "-", "{": "{", "}": "}", "\\": "\\",
}  # fmt: skip
_GROUPS: Final = {
    "header": "margin", "headerl": "margin", "headerr": "margin", "headerf": "margin",
    "footer": "margin", "footerl": "margin", "footerr": "margin", "footerf": "margin",
    "footnote": "note", "listtext": "label", "pntext": "label", "stylesheet": "style",
    "title": "title", "shpinst": "body", "shptxt": "body", "fldrslt": "body",
}  # fmt: skip
"""What the text of a group is; these are read even where they are marked as ignorable."""
_SKIPPED: Final = frozenset(
    {
        *("fonttbl", "colortbl", "info", "pict", "nonshppict", "objdata", "fldinst", "annotation"),
        *("atnid", "atnauthor", "shprslt", "sp", "filetbl", "listtable", "listoverridetable"),
        *(
            "revtbl",
            "template",
            "comment",
            "xe",
            "tc",
            "bkmkstart",
            "bkmkend",
            "private",
            "rsidtbl",
        ),
    }
)
_HEADING_NAME: Final = re.compile(r"heading ([1-9]);?", re.I)


@dataclass(frozen=True, slots=True)
class _State:
    """What holds inside one pair of braces."""

    kind: str = "body"
    """Where text goes: a value of `_GROUPS`, or `skip`."""
    encoding: str = ""
    fallback: int = 1
    """Characters after \\u that only serve readers without Unicode."""
    hidden: bool = False
    style: int = -1
    heading: int = 0
    depth: int = 0
    in_table: bool = False


def write_rich_text(source: bytes, out: Markup) -> str:
    """Write the text to `out` and return the title in its properties, which may be empty.

    Raises:
        UnicodeDecodeError: when bytes do not fit the encoding that the file declares.
    """
    reader = _Reader(out)
    reader.run(source.decode("latin-1"))
    return reader.title


class _Reader:
    def __init__(self, out: Markup) -> None:
        self.title = ""
        self._out = out
        self._state = _State()
        self._outer: list[_State] = []
        self._texts: dict[str, list[str]] = {}  # by kind of group, not yet written
        self._bytes = bytearray()
        self._units = ""  # UTF-16 code units of \u, not yet joined
        self._to_skip = 0
        self._ignorable = False
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._styles: dict[int, int] = {}  # heading level by number of the style
        self._label = ""
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._notes: list[str] = []
        self._margins: list[Markup] = []

    def run(self, source: str) -> None:
        """Read everything and write what is left at the end."""
        position = 0
        while match := _TOKEN.match(source, position):
            position = match.end()
            if match["word"] == "bin":  # raw bytes follow, braces among them
                position += max(0, int(match["value"] or 0))
            else:
                self._token(match)
        self._flush()
        self._paragraph()
        self._table()
        for number, text in enumerate(self._notes, 1):
            self._out.paragraph(f"[{number}] {text}")
        self._out.margins(self._margins)

    def _token(self, match: re.Match[str]) -> None:
        if match["text"] or match["hex"]:
            raw = match["text"].encode("latin-1") if match["text"] else bytes.fromhex(match["hex"])
            skipped = min(self._to_skip, len(raw))
            self._to_skip -= skipped
            if raw[skipped:]:
                self._join_units()
                self._bytes += raw[skipped:]
        elif match["word"]:
            self._word(match["word"], int(match["value"]) if match["value"] else None)
        elif match["sign"]:
            self._flush()
            if match["sign"] == "*":
                self._ignorable = True
            elif match["sign"] in "\r\n":
                self._paragraph()
            elif self._to_skip:
                self._to_skip -= 1
            else:
                self._emit(_SIGNS.get(match["sign"], ""))
        elif match["brace"]:
            self._flush()
            self._to_skip = 0
            self._open() if match["brace"] == "{" else self._close()

    def _open(self) -> None:
        self._outer.append(self._state)
        self._ignorable = False

    def _close(self) -> None:
        if not self._outer:
            return  # one brace too many, as some programs write
        inner, self._state = self._state, self._outer.pop()
        if inner.kind == self._state.kind and inner.kind != "style":
            return
        text = "".join(self._texts.pop(inner.kind, ()))
        if inner.kind == "style":
            match = _HEADING_NAME.fullmatch(text.strip())
            self._styles[inner.style] = int(match[1]) if match else inner.heading
        elif inner.kind == "title":
            self.title = one_line(text)
        elif inner.kind == "label":
            self._label = one_line(text)
        elif inner.kind == "note":
            self._notes.append(one_line(text))
            self._emit(f"[{len(self._notes)}]")
        elif inner.kind == "margin":
            part = Markup()
            part.paragraph(text)
            self._margins.append(part)
        elif inner.kind == "body":  # text inside a group that is skipped, such as a text box
            self._texts["body"] = [text]

    def _word(self, word: str, value: int | None) -> None:
        if word != "u" or self._bytes:
            self._flush()
        group, ignorable = _GROUPS.get(word), self._ignorable
        self._ignorable = False
        if group or ignorable or word in _SKIPPED:
            self._state = replace(self._state, kind=group or "skip")
            if word == "shptxt":
                self._emit("\n")
        elif word == "u":
            self._units += chr((value or 0) & 0xFFFF)
            self._to_skip = self._state.fallback
        elif word in _SIGNS:
            self._emit(_SIGNS[word])
        elif word in ("par", "sect", "page", "cell", "row"):
            self._end(word)
        else:
            self._format(word, value)

    def _end(self, word: str) -> None:
        if self._state.kind != "body":
            self._emit("\n")
        elif word == "cell":
            self._row.append(one_line("".join(self._texts.pop("body", ()))))
        elif word == "row":
            self._rows.append(self._row)
            self._row = []
        elif self._state.in_table:
            self._emit(" ")
        else:
            self._paragraph()

    def _format(self, word: str, value: int | None) -> None:
        """Take note of a property that matters for the text."""
        state, number = self._state, -1 if value is None else value
        if word == "pard":
            self._state = replace(state, style=-1, heading=0, depth=0, in_table=False)
        elif word == "outlinelevel":
            self._state = replace(state, heading=number + 1 if number < 9 else 0)
        elif word == "s":
            self._state = replace(state, style=number, heading=self._styles.get(number, 0))
        elif word == "intbl":
            self._state = replace(state, in_table=True)
        elif word in ("v", "deleted"):
            self._state = replace(state, hidden=number != 0)
        elif word == "ilvl":
            self._state = replace(state, depth=max(0, number))
        elif word == "uc":
            self._state = replace(state, fallback=max(0, number))
        else:
            self._encoding(word, number)

    def _encoding(self, word: str, number: int) -> None:
        if word == "ansicpg":
            self._default = _known(f"cp{number}") or self._default
        elif word in ("mac", "pc", "pca"):
            self._default = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]
        elif word == "f":
            self._font = number
            self._state = replace(self._state, encoding=self._fonts.get(number, ""))
        elif word == "fcharset":
            self._fonts[self._font] = _CODE_PAGES.get(number, "")
        elif word == "plain":
            self._state = replace(self._state, encoding="", hidden=False)

    def _flush(self) -> None:
        """Turn the bytes collected so far into text, in the encoding of the current font."""
        self._join_units()
        if self._bytes:
            raw, self._bytes = bytes(self._bytes), bytearray()
            if self._state.kind != "skip":
                self._emit(raw.decode(self._state.encoding or self._default))

    def _join_units(self) -> None:
        if self._units:
            units, self._units = self._units, ""
            self._emit(
                units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            )

    def _emit(self, text: str) -> None:
        if self._state.kind != "skip" and not self._state.hidden:
            self._texts.setdefault(self._state.kind, []).append(text)

    def _paragraph(self) -> None:
        text = "".join(self._texts.pop("body", ()))
        state, label, self._label = self._state, self._label, ""
        if not text.strip():
            return
        self._table()
        if state.heading:
            self._out.heading(state.heading, f"{label} {text}")
        elif label:
            is_number = re.fullmatch(r"[0-9]+\.", label)
            is_bullet = not re.search(r"[^\W_]", label)
            marker = label if is_number else "-"
            self._out.item(
                text if is_number or is_bullet else f"{label} {text}", state.depth, marker
            )
        else:
            self._out.paragraph(text)

    def _table(self) -> None:
        if self._row:
            self._rows.append(self._row)
        self._out.table(self._rows)
        self._row, self._rows = [], []


def _known(encoding: str) -> str:
    """The encoding if this Python has it, otherwise nothing."""
    try:
        return codecs.lookup("utf-8" if encoding == "cp65001" else encoding).name
    except LookupError:
        return ""
