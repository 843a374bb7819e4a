"""Headers, footers and page numbers that run through printed pages."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from rag.reading.pieces import Piece

_FEWEST_PAGES: Final = 4
"""Pages from which running lines are looked for."""
_REACH: Final = 4
"""Pages before and after in which a running line must be found again, at least twice."""
_EDGE_ROWS: Final = 2
"""Rows at the top and at the bottom of a page that may be running lines."""
_PAGE_NUMBER_LETTERS: Final = 7
"""Letters up to which a running line is a page number ("Page 3 of 9")."""


class _Row(NamedTuple):
    pieces: tuple[Piece, ...]
    """From left to right."""
    text: str
    is_apart: bool
    """Whether there is more white between it and the text than between lines of text."""


def without_running_lines(pages: Sequence[Sequence[Piece]]) -> list[list[Piece]]:
    """The pages without running lines, which are kept where they first appear.

    A line runs if lines near it in other pages, at the same height, read the same but for numbers
    that grow by one a page. The heads of tables repeat as well: one copy of them must stay.
    """
    if len(pages) < _FEWEST_PAGES:
        return [list(page) for page in pages]
    edges = [_edges(page) for page in pages]
    kept = []
    for number, page in enumerate(pages):
        removed: set[Piece] = set()
        for row in edges[number]:
            found = [
                step
                for step in _steps(number, len(pages))
                if _recurs(row, edges[number + step], step)
            ]
            is_number = sum(map(str.isalpha, row.text)) <= _PAGE_NUMBER_LETTERS
            if len(found) > 1 and (is_number or min(found) < 0):
                removed.update(row.pieces)
        kept.append([piece for piece in page if piece not in removed])
    return kept


def _steps(number: int, count: int) -> list[int]:
    near = range(-_REACH, _REACH + 1)
    return [step for step in near if step and 0 <= number + step < count]


def _edges(page: Sequence[Piece]) -> list[_Row]:
    rows: list[list[Piece]] = []
    for piece in sorted(page, key=lambda piece: -piece.baseline):
        if rows and rows[-1][0].baseline - piece.baseline < 0.5 * piece.size:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    rows = [sorted(row, key=lambda piece: piece.left) for row in rows]
    if len(rows) < 2 * _EDGE_ROWS + 1:
        return []
    gaps = [above[0].baseline - under[0].baseline for above, under in pairwise(rows)]
    edges = [_row(rows[i], gaps[i]) for i in range(_EDGE_ROWS)]
    return edges + [_row(rows[-i - 1], gaps[-i - 1]) for i in range(_EDGE_ROWS)]


def _row(pieces: Sequence[Piece], gap: float) -> _Row:
    text = " ".join(piece.text for piece in pieces)
    return _Row(tuple(pieces), text, gap > 1.8 * pieces[0].size)


def _recurs(row: _Row, others: Sequence[_Row], step: int) -> bool:
    """Whether the row stands in a page `step` pages on, changed as running lines change."""
    for other in others:
        if abs(row.pieces[0].baseline - other.pieces[0].baseline) > 2:
            continue
        if _is_same(row.text, other.text, step):
            return True
        # Half of a header may name the section, which changes. Not so close to the text: rows of
        # a table have cells in common.
        if row.is_apart and any(
            _is_same(a.text, b.text, step) for a in row.pieces for b in other.pieces
        ):
            return True
    return False


def _is_same(text: str, other: str, step: int) -> bool:
    if re.fullmatch("[ivxlc]+", text) and re.fullmatch("[ivxlc]+", other):
        return True  # roman page numbers
    words, others = re.findall(r"[0-9]+|[^0-9]+", text), re.findall(r"[0-9]+|[^0-9]+", other)
    return len(words) == len(others) and all(
        a.strip() == b.strip() or (a.isdecimal() and b.isdecimal() and int(b) - int(a) == step)
        for a, b in zip(words, others, strict=True)
    )
