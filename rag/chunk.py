"""Documents to passages that respect headings, lists and tables.

A passage never crosses a page or a file. Sections stay whole where they fit; what does not fit is
cut between rows of a table, items of a list or sentences, in that order of preference.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rag.types import Document

CountTokens = Callable[[str], int]

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+")


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
        max_tokens: longest passage; a single word longer than this stands alone.

    Raises:
        ValueError: `max_tokens` is not positive.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be positive. Got {max_tokens}.")
    chunks: list[Chunk] = []
    for document in documents:
        pieces = _pieces(document, count_tokens, max_tokens)
        for number, group in enumerate(_packed(document, pieces, count_tokens, max_tokens)):
            first, last = group[0], group[-1]
            text = document.text[first.start : last.end].strip()
            if first.repeat and not text.startswith(first.repeat):
                text = f"{first.repeat}\n{text}"
            chunks.append(
                Chunk(
                    id=f"{document.id}:{number}",
                    source=document.source,
                    page=document.page,
                    title=document.title,
                    heading=first.heading,
                    text=text,
                    start=first.start,
                    end=last.end,
                )
            )
    return chunks


def _packed(
    document: Document, pieces: Sequence[_Piece], count_tokens: CountTokens, max_tokens: int
) -> Iterator[list[_Piece]]:
    """Neighbouring pieces together while they fit; a new section starts anew unless tiny."""
    group: list[_Piece] = []
    size = 0
    for piece in pieces:
        tokens = count_tokens(document.text[piece.start : piece.end])
        full = size + tokens > max_tokens
        # a passage of a few words under its own heading tells a reader nothing
        leaves = piece.opens_section and size >= max_tokens // 4
        if group and (full or leaves):
            yield group
            group, size = [], 0
        group.append(piece)
        size += tokens
    if group:
        yield group


def _pieces(document: Document, count_tokens: CountTokens, max_tokens: int) -> list[_Piece]:
    """The document as blocks, each at most `max_tokens` long."""
    out: list[_Piece] = []
    path: list[tuple[int, str]] = []
    opening: int | None = None  # start of headings that wait for the text below them
    for start, end in _blocks(document.text):
        block = document.text[start:end]
        heading = _HEADING.match(block)
        if heading:
            level = len(heading.group(1))
            path = [(depth, name) for depth, name in path if depth < level]
            path.append((level, heading.group(2).strip()))
            opening = start if opening is None else opening
            continue
        names = " > ".join(name for _, name in path if name != document.title)
        first = start if opening is None else opening
        for at, (a, b, repeat) in enumerate(_fitting(block, count_tokens, max_tokens)):
            begin = first if at == 0 else start + a
            out.append(_Piece(begin, start + b, names, repeat, at == 0 and opening is not None))
        opening = None
    if opening is not None:  # a heading with nothing below it
        out.append(_Piece(opening, len(document.text), "", "", True))
    return out


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of headings, paragraphs, lists and tables."""
    start, end, kind, offset = 0, 0, "", 0
    for line in text.splitlines(keepends=True):
        found = _kind(line, kind)
        if kind and (found != kind or found == "heading"):
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
    if _ITEM.match(line) or (before == "list" and line[:1].isspace()):
        return "list"
    return "text"


def _fitting(block: str, count_tokens: CountTokens, max_tokens: int) -> list[tuple[int, int, str]]:
    """(start, end, header to repeat) of parts of a block that fit."""
    if count_tokens(block) <= max_tokens:
        return [(0, len(block), "")]
    table = block.lstrip().startswith("|")
    by_line = table or bool(_ITEM.match(block))
    cuts = [m.end() for m in re.finditer(r"\n" if by_line else _SENTENCE_END, block)]
    edges = sorted({0, *cuts, len(block)})
    header = block.split("\n", 1)[0] if table else ""
    parts: list[tuple[int, int]] = []
    begin = 0
    for edge, following in zip(edges[1:], [*edges[2:], len(block) + 1], strict=True):
        over = following > len(block) or count_tokens(block[begin:following]) > max_tokens
        if over:
            parts.extend(_forced(block, begin, edge, count_tokens, max_tokens))
            begin = edge
    return [(a, b, header if a > 0 else "") for a, b in parts]


def _forced(
    block: str, begin: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[int, int]]:
    """Cut a part at spaces where it has no better place; one long word is left alone."""
    if count_tokens(block[begin:end]) <= max_tokens:
        return [(begin, end)]
    out, start = [], begin
    spaces = [begin + m.end() for m in re.finditer(r"\s+", block[begin:end])]
    edges = [*spaces, end]
    for edge, following in zip(edges, [*edges[1:], end + 1], strict=True):
        if following > end or count_tokens(block[start:following]) > max_tokens:
            if edge > start:
                out.append((start, edge))
            start = edge
    return out
