"""Pieces of text on a printed page, and what they are put together to."""

import re
from dataclasses import dataclass
from typing import Final

LEADERS: Final = re.compile(r"(?:\s?[.·…]){4,}\s?")
"""The dots that lead to the page number in a table of contents."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one line without a wide gap in it."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    """Font size in points."""
    order: int = 0
    """Position in the order in which the page was drawn."""
    bold: bool = False
    hyphen: bool = False
    """Whether it ends in a hyphen that may only break a word at the end of the line."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells."""

    rows: tuple[tuple[str, ...], ...]


Span = tuple[float, float]
"""Left and right edge in points."""
Block = list[Piece] | Table
"""Lines of running text from one column, or a table."""
