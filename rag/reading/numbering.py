"""Numbers and bullets that a word processor counts by itself ("1.1", "(a)", "iv.").

They are not in the text of a DOCX file, yet contracts and manuals refer to them.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple

from lxml import etree

from rag.reading.archive import attribute, child, local

_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


class _Level(NamedTuple):
    form: str
    """Number format such as `decimal`, `bullet`, `lowerLetter`, `none`."""
    pattern: str
    """Text with %1 … %9 where the numbers of the levels go."""
    start: int


class Numbering:
    """The running numbers of all lists of one document, in reading order."""

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}  # by number of the list
        self._abstract: dict[str, str] = {}  # lists that share a definition count on together
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        definitions: dict[str, dict[int, _Level]] = {}
        for element in root if root is not None else ():
            if local(element) == "abstractNum":
                definitions[attribute(element, "abstractNumId")] = _levels(element)
            elif local(element) == "num":
                self._add(element, definitions)

    def _add(self, element: etree._Element, definitions: dict[str, dict[int, _Level]]) -> None:
        number, reference = attribute(element, "numId"), child(element, "abstractNumId")
        abstract = attribute(reference, "val") if reference is not None else ""
        own = dict(definitions.get(abstract, {}))
        restarts = False
        for override in (inner for inner in element if local(inner) == "lvlOverride"):
            own |= _levels(override)
            start = child(override, "startOverride")
            level = _integer(attribute(override, "ilvl"))
            if start is not None and level in own:
                own[level] = own[level]._replace(start=_integer(attribute(start, "val")))
                restarts = True
        self._levels[number] = own
        self._abstract[number] = number if restarts else f"abstract {abstract}"

    def marker(self, number: str, depth: int) -> str:
        """Count one item of a list and return its label; `-` for bullets, empty for no label."""
        levels = self._levels.get(number)
        if not levels or depth not in levels:
            return "-"
        level = levels[depth]
        if level.form in ("bullet", "none"):
            return "-" if level.form == "bullet" else ""
        counts = self._counts[self._abstract[number]]
        counts[depth] = counts[depth] + 1 if depth in counts else level.start
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            other = levels.get(at, level)
            return _FORMS.get(other.form, str)(counts.get(at, other.start))

        return re.sub(r"%([1-9])", shown, level.pattern).strip()


def _levels(definition: etree._Element) -> dict[int, _Level]:
    levels = {}
    for element in definition:
        if local(element) == "lvl":
            values = {local(inner): attribute(inner, "val") for inner in element}
            levels[_integer(attribute(element, "ilvl"))] = _Level(
                values.get("numFmt", "decimal"),
                values.get("lvlText", ""),
                _integer(values.get("start", "1")),
            )
    return levels


def _integer(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    text = ""
    for value, sign in _ROMAN:
        while number >= value:
            text, number = text + sign, number - value
    return text


def _letters(number: int) -> str:
    """Letters a to z, then aa, bb: Word repeats them where spreadsheets count on."""
    if number < 1:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 10)


_FORMS: Final[dict[str, Callable[[int], str]]] = {
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "decimalZero": lambda number: f"{number:02d}",
}
