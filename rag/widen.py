"""What is shown of a passage that was found: itself, or also what stands around it.

A short passage is found more exactly, a longer one is easier to understand; so one may be searched
and the other shown. What stands around is of the same section of the same page, never beyond it.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Final

from rag.chunk import Chunk, count_words

PASSAGE, WINDOW, SECTION = "passage", "window", "section"
CONTEXTS: Final = (PASSAGE, WINDOW, SECTION)
"""The passage; with the one before and the one behind; its section, as far as `SECTION_WORDS`."""
TIMES_AS_LONG: Final = {PASSAGE: 1, WINDOW: 3, SECTION: 3}
"""About how many passages are shown for one."""
SECTION_WORDS: Final = 320
"""Words of a section that are shown at most, the nearest to the passage."""


def rows_around(
    chunks: Sequence[Chunk], row: int, context: str, left_out: Container[int] = ()
) -> range:
    """Rows of the passages that are shown for one, itself among them.

    Args:
        chunks: of the index, those of a document one behind the other.
        row: of the passage found.
        context: one of `CONTEXTS`.
        left_out: rows that are shown already; what is shown ends before them.
    """
    first = last = row
    if context == PASSAGE:
        return range(row, row + 1)

    def belongs(other: int) -> bool:
        inside = 0 <= other < len(chunks) and other not in left_out
        return inside and _section(chunks[other]) == _section(chunks[row])

    if context == WINDOW:
        return range(row - belongs(row - 1), row + 1 + belongs(row + 1))
    words = count_words(chunks[row].text)
    while True:
        # behind and before in turn, the nearer one first; whatever fits no more ends that side
        sides = [one for one in (last + 1, first - 1) if belongs(one)]
        sides = [one for one in sides if words + count_words(chunks[one].text) <= SECTION_WORDS]
        if not sides:
            return range(first, last + 1)
        nearest = min(sides, key=lambda one: abs(one - row))
        words += count_words(chunks[nearest].text)
        first, last = min(first, nearest), max(last, nearest)


def widened(chunks: Sequence[Chunk], row: int, rows: range) -> Chunk:
    """The passage with the text of all these rows; it keeps its name.

    It starts where the first one starts, and ends where the last one ends.
    """
    if len(rows) == 1:
        return chunks[row]
    first, *others = (chunks[one] for one in rows)
    text = "\n".join([first.text, *map(_own, others)])
    return replace(chunks[row], text=text, start=first.start, end=others[-1].end)


def _section(chunk: Chunk) -> tuple[str, str]:
    return chunk.id.rpartition(":")[0], chunk.heading


def _own(chunk: Chunk) -> str:
    """A passage without the table's header that was repeated above it."""
    return chunk.text[-(chunk.end - chunk.start) :]
