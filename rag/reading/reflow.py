"""From the lines of printed pages to paragraphs, headings and lists.

Looks at all pages of a document at once: what a heading or a broken word is shows by comparison.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import median
from typing import Final

from rag.reading.layout import arrange
from rag.reading.markup import Markup
from rag.reading.pieces import LEADERS, Block, Piece, Table
from rag.reading.running_lines import without_running_lines

_BULLET: Final = re.compile(r"[•▪◦●○■□►‣∙·–—*-]\s+(?=\S)")
_NUMBERED: Final = re.compile(r"([0-9]{1,3}\.)\s+(?=\S)")
_ENDED: Final = re.compile(r"[.!?:;…][\"'”’)\]]*\s*$")
_HEADING_GROWTH: Final = 1.12
"""Font size of a heading by that of running text, at the least."""
_LONGEST_HEADING: Final = 160
"""In letters."""

Page = Sequence[Sequence[Piece]]
"""Pieces of a page by the direction they are set in, the main direction first."""


def reflow(pages: Sequence[Page]) -> list[Markup]:
    """The text of each page."""
    main = without_running_lines([page[0] if page else () for page in pages])
    blocks = [arrange(pieces) for pieces in main]
    style = _style(list(chain.from_iterable(blocks)))
    texts = [_Writer(style).page(page) for page in blocks]
    for text, page in zip(texts, pages, strict=True):
        for pieces in page[1:]:  # stamps down the margin, heads of narrow columns, watermarks
            text.paragraph("\n".join(piece.text for piece in pieces))
    return texts


@dataclass(frozen=True, slots=True)
class _Style:
    """How the document as a whole is set."""

    body: float
    """Font size of running text in points."""
    headings: tuple[float, ...]
    """Font sizes of headings, the largest first."""
    is_bold: bool
    """Whether running text is bold, so that bold says nothing."""
    pitch: float
    """Distance of lines by font size."""
    words: frozenset[str]
    """Words in small letters that stand unbroken somewhere."""


def _style(blocks: Sequence[Block]) -> _Style:
    sizes: Counter[float] = Counter()
    bold = total = 0
    pitches, words = [], set()
    for lines in (block for block in blocks if not isinstance(block, Table)):
        for line in lines:
            sizes[_rounded(line.size)] += len(line.text)
            bold += len(line.text) * line.bold
            total += len(line.text)
            words.update(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*(?=\W*\s)", line.text.lower()))
        pitches += [
            (above.baseline - under.baseline) / under.size
            for above, under in pairwise(lines)
            if above.size == under.size
        ]
    body = sizes.most_common(1)[0][0] if sizes else 1.0
    large = sorted((size for size in sizes if size >= _HEADING_GROWTH * body), reverse=True)
    normal = [pitch for pitch in pitches if 0.9 < pitch < 2.5]
    return _Style(
        body, tuple(large), 2 * bold > total, median(normal) if normal else 1.2, frozenset(words)
    )


def _rounded(size: float) -> float:
    return round(size * 2) / 2


class _Writer:
    def __init__(self, style: _Style) -> None:
        self._style = style
        self._out = Markup()

    def page(self, blocks: Sequence[Block]) -> Markup:
        """Write the blocks of one page."""
        for block in blocks:
            if isinstance(block, Table):
                self._out.table([[LEADERS.sub(" … ", cell) for cell in row] for row in block.rows])
            else:
                self._lines(block)
        return self._out

    def _lines(self, lines: Sequence[Piece]) -> None:
        first_item = min((line.left for line in lines if _BULLET.match(line.text)), default=0.0)
        for group, right in self._paragraphs(lines):
            head = group[0]
            text = LEADERS.sub(" … ", self._joined(group, right))
            level = self._heading_level(group, text)
            bullet, number = _BULLET.match(text), _NUMBERED.match(text)
            if level:
                self._out.heading(level, text)
            elif bullet:
                depth = int((head.left - first_item) / (1.2 * head.size))
                self._out.item(text[bullet.end() :], depth)
            elif number:
                self._out.item(text[number.end() :], 0, number[1])
            else:
                self._out.paragraph(text)

    def _paragraphs(self, lines: Sequence[Piece]) -> Iterator[tuple[list[Piece], float]]:
        """Paragraphs of one column, each with the right edge of the lines around it."""
        for run in _runs(lines):
            pitch, right = self._pitch(run), max(line.right for line in run)
            group = [run[0]]
            for line in run[1:]:
                if self._begins(group, line, pitch, right):
                    yield group, right
                    group = []
                group.append(line)
            yield group, right

    def _pitch(self, lines: Sequence[Piece]) -> float:
        """Distance of lines inside paragraphs: a low quartile, as between them it is larger."""
        gaps = sorted(above.baseline - under.baseline for above, under in pairwise(lines))
        usual = self._style.pitch * lines[0].size
        return min(gaps[len(gaps) // 4], 1.5 * usual) if len(gaps) > 3 else usual

    def _begins(self, group: Sequence[Piece], line: Piece, pitch: float, right: float) -> bool:
        """Whether a line begins a paragraph of its own."""
        head, last, size = group[0], group[-1], line.size
        if (
            last.baseline - line.baseline > 1.3 * pitch
            or _BULLET.match(line.text)
            or _NUMBERED.match(line.text)
        ):
            return True
        is_item = _BULLET.match(head.text) or _NUMBERED.match(head.text)
        if self._is_large(line) or (is_item and line.left > head.left + 0.3 * size):
            return False
        is_indented = line.left > min(each.left for each in group) + 0.8 * size
        return _ENDED.search(last.text) is not None and (is_indented or _breaks(last, line, right))

    def _joined(self, group: Sequence[Piece], right: float) -> str:
        """Text of a paragraph; lines that were broken on purpose stay lines."""
        text = group[0].text
        for above, line in pairwise(group):
            if not self._is_large(line) and (_breaks(above, line, right) or _is_numeric(line.text)):
                text += "\n" + line.text
            else:
                text = self._connected(text, line.text)
        return text

    def _connected(self, text: str, line: str) -> str:
        """Two lines as one, with a word that was broken between them made whole."""
        start, end = re.search(r"([^\W\d_]+)-$", text[-80:]), re.match(r"[^\W\d_]+", line)
        if not start or not end:
            return f"{text}{'' if re.search(r'[0-9]-$', text[-2:]) else ' '}{line}"
        whole = (start[1] + end[0]).lower()
        is_compound = f"{start[1]}-{end[0]}".lower() in self._style.words
        if end[0][0].islower() and (whole in self._style.words or not is_compound):
            return text[:-1] + line
        return text + line

    def _is_large(self, line: Piece) -> bool:
        return line.size >= _HEADING_GROWTH * self._style.body

    def _heading_level(self, group: Sequence[Piece], text: str) -> int:
        """Level of a heading by its font size or, below all sizes, by bold type; 0 for text."""
        style, size = self._style, _rounded(group[0].size)
        if len(re.findall(r"[^\W\d_]", text)) < 2 or len(text) > _LONGEST_HEADING:
            return 0
        if self._is_large(group[0]) and size in style.headings:
            return min(style.headings.index(size) + 1, 5)
        is_bold = not style.is_bold and all(line.bold for line in group)
        if is_bold and len(group) < 3 and not re.search(r"[.,;]$", text.strip()):
            return min(len(style.headings) + 1, 6)
        return 0


def _runs(lines: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Lines that follow each other in the same size and weight."""
    run = [lines[0]]
    for above, line in pairwise(lines):
        if abs(line.size - above.size) > 0.05 * above.size or line.bold != above.bold:
            yield run
            run = []
        run.append(line)
    yield run


def _breaks(above: Piece, line: Piece, right: float) -> bool:
    """Whether the first word of a line would still have fitted into the line above."""
    if above.hyphen:
        return False
    word = line.text.split()[0]
    width = (line.right - line.left) / len(line.text) * (len(word) + 1)
    return above.right + width < right - 0.5 * line.size


def _is_numeric(text: str) -> bool:
    """Whether a line is a row of figures rather than a part of a sentence."""
    words = text.split()
    return len(words) > 3 and 2 * sum(any(map(str.isdigit, word)) for word in words) > len(words)
