"""Tables of a printed page: which pieces of text are one row, and which one cell."""

import re
from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from statistics import median
from typing import Final

from rag.reading.pieces import LEADERS, Block, Piece, Span, Table

_LONG_CELL: Final = 80
"""Letters from which the only cell of a row is a paragraph."""

_Cell = tuple[int, Piece]


def is_table(stripe: Sequence[Sequence[Piece]], gutters: Sequence[Span]) -> bool:
    """Whether enough rows have cells side by side.

    One row may be a loosely set line, and two rows of two may be chance.
    """
    rows = sum(len(row) > 1 for row in stripe)
    return rows > 1 and rows + len(gutters) > 3


def split_table(stripe: Sequence[Sequence[Piece]], gutters: Sequence[Span]) -> list[Block]:
    """A table, with the headings and paragraphs that stand between or around its rows."""
    middles = [sum(gutter) / 2 for gutter in gutters]
    usual = median(piece.size for row in stripe for piece in row)
    blocks: list[Block] = []
    for is_heading, part in groupby(
        stripe, lambda row: len(row) == 1 and row[0].size > 1.1 * usual
    ):
        lines = list(part)
        if is_heading:
            blocks.append([row[0] for row in lines])
            continue
        printed = [[(bisect(middles, piece.left), piece) for piece in row] for row in lines]
        rows = _logical_rows([cell for row in printed for cell in row]) or printed
        start = next((i for i, row in enumerate(rows) if not _is_paragraph(row)), len(rows))
        stop = next(
            (i for i in range(len(rows), start, -1) if not _is_paragraph(rows[i - 1])), start
        )
        blocks += [[piece for _, piece in row] for row in rows[:start]]
        blocks.append(Table(tuple(_cells(row, len(middles) + 1) for row in rows[start:stop])))
        blocks += [[piece for _, piece in row] for row in rows[stop:]]
    return [block for block in blocks if not isinstance(block, Table) or block.rows]


def _is_paragraph(row: Sequence[_Cell]) -> bool:
    """Whether a row of a table is only text that stands above or below it."""
    letters = sum(len(piece.text) for _, piece in row)
    return len({column for column, _ in row}) == 1 and letters > _LONG_CELL


def _cells(row: Sequence[_Cell], count: int) -> tuple[str, ...]:
    cells: dict[int, str] = {}
    for column, piece in row:
        cells[column] = _join(cells.get(column, ""), piece.text)
    return tuple(cells.get(column, "") for column in range(count))


def _logical_rows(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    """Rows whose cells may have several lines; nothing when the table was not drawn by rows.

    Most programs draw cell by cell, so a step back to the left begins a row.
    """
    rows: list[list[_Cell]] = []
    for cell in sorted(cells, key=lambda cell: cell[1].order):
        if rows and _is_same_row(rows[-1], cell):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    rows.sort(key=lambda row: -max(piece.baseline for _, piece in row))
    merged: list[list[_Cell]] = []
    for row in rows:
        top = max(piece.baseline for _, piece in row)
        if merged and top >= min(piece.baseline for _, piece in merged[-1]):
            merged[-1] += row  # the lines of one cell stand far apart
        else:
            merged.append(row)
    return [] if len(merged) < 3 and any(map(_is_drawn_by_column, merged)) else merged


def _is_same_row(row: Sequence[_Cell], cell: _Cell) -> bool:
    """Whether a piece is the next line of the cell drawn last, or a cell to the right of it."""
    (last_column, last), (column, piece) = row[-1], cell
    if LEADERS.search(last.text):
        return False
    if column == last_column:
        return -0.5 < (last.baseline - piece.baseline) / piece.size < 1.6
    lowest = min(other.baseline for _, other in row)
    return column > last_column and lowest - piece.baseline < 0.5 * piece.size


def _is_drawn_by_column(row: Sequence[_Cell]) -> bool:
    """Whether a row is a whole table drawn column by column: its cells share most lines."""
    heights = {column: {piece.baseline for at, piece in row if at == column} for column, _ in row}
    all_heights = set().union(*heights.values())
    level = [column for column, own in heights.items() if len(own) >= 0.75 * len(all_heights)]
    return len(all_heights) > 2 and len(level) > 1


def _join(before: str, text: str) -> str:
    """Two lines as one; a word broken at the end of the first is made whole again."""
    if re.search(r"[^\W\d_]-$", before[-2:]) and text[:1].islower():
        return before[:-1] + text
    return f"{before} {text}" if before else text
