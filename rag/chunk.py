"""Documents to passages that respect headings, lists and tables.

A passage never crosses a page or a file. Sections stay whole where they fit; what does not fit is
cut between rows of a table, items of a list or sentences, in that order of preference. A line that
asks, as in lists of frequent questions, stays with what answers it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rag.cut import ITEM, CountTokens, fitting
from rag.terms import UNSPACED
from rag.types import Document

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ASKS = re.compile(r".{2,200}[?？؟]\s*")

LONGEST_HEADING = 160
"""Letters of a heading that stand above every passage below it: a whole paragraph behind a ``#``
would take the embedder's window from the passages, and as much memory as all of them."""
LETTERS_A_WORD = 12
"""Letters that make a word where there are fewer spaces than that: longer than the words of any
language, so that only codes, addresses of pages and what is no text are counted by it."""
_UNSPACED_RUN = re.compile(f"(?:{UNSPACED.pattern})+")
UNSPACED_A_WORD = 2
"""The same for scripts without spaces between words; models take a token or two for each letter."""


def count_words(text: str) -> int:
    """Length of a text in words, by its spaces or its letters, whichever makes more."""
    found = text.split()
    by_letters = sum(map(len, found)) // LETTERS_A_WORD
    unspaced = 0 if text.isascii() else sum(map(len, _UNSPACED_RUN.findall(text)))
    return max(len(found), by_letters, unspaced // UNSPACED_A_WORD)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One passage."""

    id: str
    """`document id` and a running number."""
    source: str
    page: int | None
    title: str
    """Title of the document."""
    heading: str
    """Headings above it, outermost first, without the title: ``Opened goods > Pods``."""
    text: str
    start: int
    """Offset of the first character in the document's text."""
    end: int
    """Offset behind the last character."""

    @property
    def with_headings(self) -> str:
        """Title, headings and text: what is embedded and searched."""
        return "\n".join(part for part in (self.title, self.heading, self.text) if part)


class _Piece(NamedTuple):
    """The smallest unit that is kept together."""

    start: int
    end: int
    heading: str
    repeat: str
    """A table's header row, put before rows that were cut off from it."""
    opens_section: bool


def chunk_documents(
    documents: Sequence[Document], count_tokens: CountTokens, max_tokens: int = 160
) -> list[Chunk]:
    """Cut documents into passages.

    Args:
        documents: in any order; the passages come in the same order.
        count_tokens: length of a text in the unit of `max_tokens`.
        max_tokens: longest passage; a single word longer than this stands alone, and is cut after
            every 200 letters.

    Raises:
        ValueError: `max_tokens` is not positive.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be positive. Got {max_tokens}.")
    return [
        _chunk(document, number, group)
        for document in documents
        for number, group in enumerate(_packed(document, count_tokens, max_tokens))
    ]


def _chunk(document: Document, number: int, group: Sequence[_Piece]) -> Chunk:
    first, raw = group[0], document.text[group[0].start : group[-1].end]
    text, start = raw.strip(), group[0].start + len(raw) - len(raw.lstrip())
    return Chunk(
        id=f"{document.id}:{number}",
        source=document.source,
        page=document.page,
        title=document.title,
        heading=first.heading,
        text=f"{first.repeat}\n{text}" if first.repeat else text,
        start=start,
        end=start + len(text),
    )


def _packed(
    document: Document, count_tokens: CountTokens, max_tokens: int
) -> Iterator[list[_Piece]]:
    """Neighbouring pieces together while they fit; a new section starts anew unless tiny."""
    group: list[_Piece] = []
    size = 0
    for piece in _pieces(document, count_tokens, max_tokens):
        group.append(piece)
        # a passage of a few words under its own heading tells a reader nothing
        leaves = piece.opens_section and size >= max_tokens // 4
        size = _size(document, group, count_tokens)
        if len(group) > 1 and (size > max_tokens or leaves):
            yield group[:-1]
            group = [piece]
            size = _size(document, group, count_tokens)
    if group:
        yield group


def _size(document: Document, group: Sequence[_Piece], count_tokens: CountTokens) -> int:
    text = document.text[group[0].start : group[-1].end]
    return count_tokens(f"{group[0].repeat}\n{text}" if group[0].repeat else text)


def _pieces(document: Document, count_tokens: CountTokens, max_tokens: int) -> list[_Piece]:
    """The document as blocks, each at most `max_tokens` long."""
    out: list[_Piece] = []
    path: list[tuple[int, str]] = []
    opening: int | None = None  # start of headings and questions that wait for the text below them
    for start, end in _blocks(document.text):
        block = document.text[start:end]
        heading = _HEADING.match(block)
        if heading:
            level = len(heading.group(1))
            path = [(depth, name) for depth, name in path if depth < level]
            path.append((level, heading.group(2).strip()))
        if heading or _ASKS.fullmatch(block):
            opening = start if opening is None else opening
            continue
        names = " > ".join(_short(name) for _, name in path if name != document.title)
        if opening is not None and count_tokens(document.text[opening:start]) > max_tokens // 2:
            # headings that leave the text below them no room
            out.extend(_cut(document, opening, start, names, count_tokens, max_tokens))
            opening = None
        first = start if opening is None else opening
        lead = document.text[first:start]
        for at, (a, b, repeat) in enumerate(fitting(block, lead, count_tokens, max_tokens)):
            begin = first if at == 0 else start + a
            out.append(_Piece(begin, start + b, names, repeat, at == 0 and opening is not None))
        opening = None
    if opening is not None:  # nothing stands below it
        end = len(document.text)
        out.extend(_cut(document, opening, end, "", count_tokens, max_tokens))
    return out


def _short(heading: str) -> str:
    """A heading; of one that is too long, its first words."""
    if len(heading) <= LONGEST_HEADING:
        return heading
    first = heading[:LONGEST_HEADING]
    return f"{first.rpartition(' ')[0] or first} …"


def _cut(
    document: Document,
    begin: int,
    end: int,
    names: str,
    count_tokens: CountTokens,
    max_tokens: int,
) -> Iterator[_Piece]:
    """Headings without the text below them."""
    text = document.text[begin:end]
    for at, (a, b, _) in enumerate(fitting(text, "", count_tokens, max_tokens)):
        yield _Piece(begin + a, begin + b, names, "", at == 0)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of headings, questions, paragraphs, lists and tables."""
    start, end, kind, offset = 0, 0, "", 0
    for line in text.splitlines(keepends=True):
        found = _kind(line, kind)
        if kind and (found != kind or found in ("heading", "question")):
            yield start, end
            kind = ""
        if found:
            if not kind:
                start = offset
            kind, end = found, offset + len(line.rstrip())
        offset += len(line)
    if kind:
        yield start, end


def _kind(line: str, before: str) -> str:
    """What a line is part of; empty for a blank line."""
    if not line.strip():
        return ""
    if _HEADING.match(line):
        return "heading"
    if line.lstrip().startswith("|"):
        return "table"
    item = ITEM.match(line)
    # the second line of an item or paragraph may end in a question mark without opening anything
    if _ASKS.fullmatch(line) and (item or before not in ("list", "text")):
        return "question"
    if item or (before == "list" and line[:1].isspace()):
        return "list"
    return "text"
