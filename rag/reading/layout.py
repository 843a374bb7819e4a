"""Reading order of a printed page: which pieces of text are columns, which are rows of a table.

Works on positions alone, in points with y upwards, and knows nothing of the file format.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from rag.reading.pieces import Block, Piece, Span
from rag.reading.printed_table import is_table, split_table

_MARKER: Final = re.compile(r"[•▪◦●○■□►–*-]|\(?(?:[0-9]{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]")
_SHORT: Final = 15
"""Letters up to which a column is taken for data of a table even if it was drawn in one go."""

_NARROWEST_GUTTER: Final = 3.0
"""Points of white that set columns apart."""
_LINE_NUMBERS: Final = 8
"""Fewest consecutive numbers down the margin that are taken for line numbers."""


def arrange(pieces: Sequence[Piece]) -> list[Block]:
    """The blocks of a page in reading order.

    The page is cut into stripes of rows that share the same gutters (strips of white from top to
    bottom). The two sides of a gutter are columns, read one after the other, if they were drawn
    one after the other; if the drawing went to and fro between them, they are cells of a table.
    """
    blocks: list[Block] = []
    for block in _arrange(_without_line_numbers(pieces)):
        before = blocks[-1] if blocks else None
        if isinstance(block, list) and isinstance(before, list) and _continues(before, block):
            before.extend(block)
        else:
            blocks.append(block)
    return blocks


def _arrange(pieces: Sequence[Piece]) -> list[Block]:
    blocks: list[Block] = []
    for stripe in _stripes(_rows(pieces)):
        gutters = _gutters(_occupied(stripe))
        halves = _columns(stripe, gutters) if len(stripe) > 1 else []
        if halves:
            for half in halves:
                blocks += _arrange(half)
        elif is_table(stripe, gutters):
            blocks += split_table(stripe, gutters)
        else:
            blocks.append([_glued(row, " ") for row in stripe])
    return blocks


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces on the same line, from top to bottom and left to right; neighbours that touch are one.

    Half a font size of tolerance takes raised footnote marks into their line.
    """
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.baseline):
        first = rows[-1][0] if rows else None
        if first and first.baseline - piece.baseline < 0.5 * max(first.size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [_touching(sorted(row, key=lambda piece: piece.left)) for row in rows]


def _touching(row: list[Piece]) -> list[Piece]:
    result: list[Piece] = []
    for piece in row:
        last = result[-1] if result else None
        gap = piece.left - last.right if last else 0.0
        if last is None:
            result.append(piece)
        elif piece.text == last.text and abs(piece.left - last.left) < 0.2 * piece.size:
            continue  # drawn twice to look bold
        elif _MARKER.fullmatch(last.text.strip()) and gap < 4 * piece.size and len(result) == 1:
            result[-1] = _glued([last, piece], " ")
        elif gap < 0.35 * piece.size:
            result[-1] = _glued([last, piece], " " if gap > 0.12 * piece.size else "")
        else:
            result.append(piece)
    return result


def _glued(row: Sequence[Piece], space: str) -> Piece:
    """One piece made of several on the same line; the largest gives size and baseline."""
    if len(row) == 1:
        return row[0]
    main = max(row, key=lambda piece: (piece.size, len(piece.text)))
    return replace(
        main,
        text=space.join(piece.text for piece in row),
        left=row[0].left,
        right=max(piece.right for piece in row),
        order=min(piece.order for piece in row),
        bold=all(piece.bold for piece in row),
        hyphen=row[-1].hyphen,
    )


def _stripes(rows: Sequence[list[Piece]]) -> list[list[list[Piece]]]:
    """Runs of rows that leave the same strips of the page white."""
    stripes: list[list[list[Piece]]] = [[]]
    occupied: list[Span] = []
    for row in rows:
        stripe = stripes[-1]
        alone = _occupied([row])
        both = _union([*occupied, *alone])
        if _gutters(occupied):
            begins = not _gutters(both)
        elif stripe and _is_beside(stripe[-1], row):  # columns that are not level with each other
            stripes.append([stripe.pop()])
            both, begins = _occupied([*stripes[-1], row]), False
        else:
            begins = bool(_gutters(alone))
        if begins:
            stripes.append([])
            both = alone
        stripes[-1].append(row)
        occupied = both
    return [stripe for stripe in stripes if stripe]


def _is_beside(row: Sequence[Piece], other: Sequence[Piece]) -> bool:
    is_level = row[0].baseline - other[0].baseline < 0.9 * min(row[0].size, other[0].size)
    return is_level and bool(_gutters(_occupied([row, other])))


def _occupied(rows: Sequence[Sequence[Piece]]) -> list[Span]:
    return _union([(piece.left, piece.right) for row in rows for piece in row])


def _union(spans: list[Span]) -> list[Span]:
    """Overlapping spans as one, from left to right."""
    result: list[Span] = []
    for left, right in sorted(spans):
        if result and left <= result[-1][1]:
            result[-1] = (result[-1][0], max(right, result[-1][1]))
        else:
            result.append((left, right))
    return result


def _gutters(occupied: Sequence[Span]) -> list[Span]:
    return [(a[1], b[0]) for a, b in pairwise(occupied) if b[0] - a[1] >= _NARROWEST_GUTTER]


def _columns(stripe: Sequence[Sequence[Piece]], gutters: Sequence[Span]) -> list[list[Piece]]:
    """The stripe cut at its widest gutter between columns; nothing if there is none."""
    for gutter in sorted(gutters, key=lambda span: span[0] - span[1]):
        middle = sum(gutter) / 2
        drawn = sorted((piece for row in stripe for piece in row), key=lambda piece: piece.order)
        runs = [list(run) for _, run in groupby(drawn, key=lambda piece: piece.left < middle)]
        both = [row for row in stripe if row[0].left < middle < row[-1].left]
        halves = [
            [[p for p in row if (p.left < middle) is side] for row in stripe]
            for side in (True, False)
        ]
        lines = [[row for row in half if row] for half in halves]
        if len(runs) - 1 <= max(1, len(both) / 5):
            if not (len(both) > 0.8 * min(map(len, lines)) and min(map(_width, lines)) < _SHORT):
                return runs
        elif len(runs) - 1 > 1.6 * len(both) and all(_is_prose(half) for half in lines):
            return [[piece for row in half for piece in row] for half in lines]
    return []


def _width(lines: Sequence[Sequence[Piece]]) -> float:
    """Median letters of a line."""
    return median(sum(len(piece.text) for piece in line) for line in lines)


def _is_prose(lines: Sequence[Sequence[Piece]]) -> bool:
    """Whether most lines are long, full and made of words, as running text in a column is."""
    text = "".join(piece.text for line in lines for piece in line)
    if len(lines) < 6 or _width(lines) < 30 or sum(map(str.isalpha, text)) < 0.7 * len(text):
        return False
    lengths = [line[-1].right - line[0].left for line in lines]
    is_single = sum(len(line) == 1 for line in lines) > 0.8 * len(lines)
    return is_single and median(lengths) > 0.8 * max(lengths)


def _continues(before: Sequence[Piece], block: Sequence[Piece]) -> bool:
    """Whether lines stand under other lines of the same column."""
    left, right = min(p.left for p in before), max(p.right for p in before)
    start, end = min(p.left for p in block), max(p.right for p in block)
    overlap = min(right, end) - max(left, start)
    return block[0].baseline < before[-1].baseline and overlap > 0.3 * min(
        right - left, end - start
    )


def _without_line_numbers(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces without the numbers that transcripts and drafts print before every line."""
    text = [piece for piece in pieces if not piece.text.strip().isdecimal()]
    edge = min((piece.left for piece in text), default=0.0)
    numbers = [piece for piece in pieces if piece.right < edge and piece.text.strip().isdecimal()]
    numbers.sort(key=lambda piece: -piece.baseline)
    steps = [int(b.text) - int(a.text) for a, b in pairwise(numbers)]
    if len(numbers) < _LINE_NUMBERS or steps.count(1) < 0.9 * len(steps):
        return list(pieces)
    dropped = set(numbers)
    return [piece for piece in pieces if piece not in dropped]
