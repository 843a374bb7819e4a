"""Text of a PDF page as pieces with their positions, from PDFium."""

import ctypes
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.reading.pieces import Piece

_HYPHENS: Final = "\x02\ufffe\u00ad"
"""What PDFium puts for a hyphen at the end of a line; no line end follows it."""
_LINE: Final = re.compile(f"[^\r\n{_HYPHENS}]+[{_HYPHENS}]?")
_LOST: Final = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]")
_SYMBOL_BULLETS: Final = str.maketrans(dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf076\uf0fc\uf06e", "•"))
"""Bullets of the symbol fonts of Word, which have no codes of their own."""
_WIDE_GAP: Final = 0.7
"""White between words, in font sizes, that sets them apart; justified lines mostly stay below."""
_BOLD: Final = re.compile(r"bold|black|heavy|demi|-medi\b", re.I)
_PICTURE_SHARE: Final = 0.3
"""Share of a page without text from which pictures are what it is about."""
_DRAWING: Final = 50
"""Strokes of a page without text from which it is a drawing, or text turned into outlines."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What one page holds."""

    directions: tuple[tuple[Piece, ...], ...]
    """Pieces by the direction they are set in, turned upright; the main direction first."""
    letters: int
    lost: int
    """Letters that the fonts of the page give no code for."""
    has_picture: bool
    """Whether a page with next to no text shows something nevertheless."""


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float


def page_text(page: pdfium.PdfPage, *, little_text: int) -> PageText:
    """The text of a page; below `little_text` letters it is checked for pictures as well."""
    textpage = page.get_textpage()
    try:
        reader = _Reader(textpage)
        directions: dict[int, list[Piece]] = defaultdict(list)
        for angle, piece in reader.pieces():
            directions[angle].append(piece)
        text = reader.text
    finally:
        textpage.close()
    groups = sorted(directions.values(), key=lambda group: -sum(len(each.text) for each in group))
    letters = sum(letter.isalnum() for letter in text)
    return PageText(
        tuple(map(tuple, groups)),
        letters,
        len(_LOST.findall(text)),
        letters < little_text and _shows_something(page),
    )


def _shows_something(page: pdfium.PdfPage) -> bool:
    area, covered, strokes = page.get_width() * page.get_height(), 0.0, 0
    for item in page.get_objects(max_depth=3):
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            covered += (right - left) * (top - bottom)
        else:
            strokes += item.type == pdfium_c.FPDF_PAGEOBJ_PATH
        if covered > _PICTURE_SHARE * area or strokes > _DRAWING:
            return True
    return False


class _Reader:
    """Access to the letters of one page by their index."""

    def __init__(self, textpage: pdfium.PdfTextPage) -> None:
        self._page = textpage.raw
        count = textpage.count_chars()
        text = textpage.get_text_range() if count else ""
        if len(text) != count:
            # Letters outside the basic plane and such without a code shift the text against the
            # positions: take it letter by letter.
            codes = (pdfium_c.FPDFText_GetUnicode(self._page, index) for index in range(count))
            text = "".join(map(chr, codes))
        self.text = text.translate(_SYMBOL_BULLETS)
        self._rectangle = pdfium_c.FS_RECTF()
        self._matrix = pdfium_c.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._name, self._flags = ctypes.create_string_buffer(128), ctypes.c_int()

    def pieces(self) -> Iterator[tuple[int, Piece]]:
        """Pieces in drawing order, each with its direction in degrees."""
        order = 0
        for line in _LINE.finditer(self.text):
            body = line[0].rstrip(_HYPHENS)
            start = line.start() + len(body) - len(body.lstrip())
            end = line.start() + len(body.rstrip())
            if start < end:
                cells = list(self._cells(start, end))
                for first, last in cells:
                    is_broken = len(body) < len(line[0]) and last == end
                    yield self._piece(first, last, order, hyphen=is_broken)
                    order += 1

    def _cells(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Parts of a line between wide gaps, as first index and the one after the last."""
        angle, size = self._direction(start)
        first = start
        for space in re.finditer(r"\s+", self.text[start:end]):
            before, after = start + space.start() - 1, start + space.end()
            if self._box(after, angle).left - self._box(before, angle).right > _WIDE_GAP * size:
                yield first, before + 1
                first = after
        yield first, end

    def _piece(self, first: int, last: int, order: int, *, hyphen: bool) -> tuple[int, Piece]:
        # The first letter may be a raised footnote mark, and spaces have no size of their own.
        half = (first + last) // 2
        middle = next((at for at in range(half, last) if not self.text[at].isspace()), first)
        angle, size = self._direction(middle)
        start, end = self._box(first, angle), self._box(last - 1, angle)
        pdfium_c.FPDFText_GetCharOrigin(self._page, middle, self._x, self._y)
        piece = Piece(
            self.text[first:last] + "-" * hyphen,
            min(start.left, end.left),
            max(start.right, end.right),
            _turned(self._x.value, self._y.value, angle)[1],
            size,
            order,
            self._is_bold(first) and self._is_bold(last - 1),
            hyphen,
        )
        return angle, piece

    def _direction(self, index: int) -> tuple[int, float]:
        """Direction of a letter in whole steps of 15 degrees and its size on the page."""
        pdfium_c.FPDFText_GetMatrix(self._page, index, self._matrix)
        matrix = self._matrix
        angle = round(math.degrees(math.atan2(matrix.b, matrix.a)) / 15) * 15
        size = pdfium_c.FPDFText_GetFontSize(self._page, index) * math.hypot(matrix.c, matrix.d)
        return angle % 360, size or 1.0

    def _box(self, index: int, angle: int) -> _Box:
        """Box of a letter, in a page that is turned so that the text is upright."""
        box = self._rectangle
        pdfium_c.FPDFText_GetLooseCharBox(self._page, index, box)
        if not angle:
            return _Box(box.left, box.bottom, box.right, box.top)
        corners = [
            _turned(x, y, angle) for x in (box.left, box.right) for y in (box.bottom, box.top)
        ]
        across, up = zip(*corners, strict=True)
        return _Box(min(across), min(up), max(across), max(up))

    def _is_bold(self, index: int) -> bool:
        size = len(self._name)
        pdfium_c.FPDFText_GetFontInfo(self._page, index, self._name, size, self._flags)
        return _BOLD.search(self._name.value.decode("latin-1")) is not None


def _turned(x: float, y: float, angle: int) -> tuple[float, float]:
    """A point after the page was turned back by the angle."""
    if not angle:
        return x, y
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return x * cosine + y * sine, y * cosine - x * sine
