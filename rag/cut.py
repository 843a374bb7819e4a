"""A block that is too long, in parts that fit.

Cut between rows of a table, items of a list or sentences, then lines, words and letters.
"""

import re
from collections.abc import Callable, Sequence

CountTokens = Callable[[str], int]

ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
"""What the items of a list begin with."""

# Where a block that is too long may be cut, the best places first.
_LINE = re.compile(r"\n")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])[。！？」』”’）》]*")
_SPACE = re.compile(r"\s+")
_LETTERS = re.compile(r"(?s).{200}")
"""Inside what has no space for so long: a language without spaces, or a file that is no text."""
_CUTS = {
    "table": (_LINE, _SPACE, _LETTERS),
    "list": (re.compile(rf"\n(?={ITEM.pattern})"), _LINE, _SENTENCE_END, _SPACE, _LETTERS),
    "text": (_SENTENCE_END, _LINE, _SPACE, _LETTERS),
}


def fitting(
    block: str, lead: str, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[int, int, str]]:
    """(start, end, header to repeat) of parts of a block that fit.

    Args:
        block: a paragraph, list or table.
        lead: headings that stand before the first part and count with it.
        count_tokens: length of a text.
        max_tokens: longest part, with what stands before it.
    """
    kind = "table" if block.lstrip().startswith("|") else "list" if ITEM.match(block) else "text"
    header = block.split("\n", 1)[0] if kind == "table" else ""
    if header and count_tokens(header) > max_tokens // 2:
        header = ""  # it would leave the rows no room

    def fits(start: int, end: int) -> bool:
        before = lead if start == 0 else f"{header}\n" if header else ""
        return count_tokens(before + block[start:end]) <= max_tokens

    parts = _split(block, (0, len(block)), _CUTS[kind], fits)
    return [(a, b, header if a > 0 else "") for a, b in parts]


def _split(
    block: str,
    span: tuple[int, int],
    cuts: Sequence[re.Pattern[str]],
    fits: Callable[[int, int], bool],
) -> list[tuple[int, int]]:
    """Parts that fit, each as long as can be; what cannot be cut is left as it is."""
    start, end = span
    if fits(start, end) or not cuts:
        return [span]
    out: list[tuple[int, int]] = []
    edges = [match.end() for match in cuts[0].finditer(block, start, end)]
    edges = [*(edge for edge in edges if edge < end), end]
    at = 0
    while start < end:
        while edges[at] < end and not block[start : edges[at]].strip():
            at += 1
        at = _last_fitting(start, edges, at, fits)
        out.extend(_split(block, (start, edges[at]), cuts[1:], fits))
        start, at = edges[at], at + 1
    return out


def _last_fitting(
    start: int, edges: Sequence[int], at: int, fits: Callable[[int, int], bool]
) -> int:
    """Index of the last edge, from `at`, up to which it fits; `at` itself where none does.

    In growing steps, then shrinking ones: asked edge by edge, each word of a text without a full
    stop would be counted as often as there are words in a part.
    """
    step = 1
    while at + step < len(edges) and fits(start, edges[at + step]):
        at += step
        step *= 2
    while step > 1:
        step //= 2
        if at + step < len(edges) and fits(start, edges[at + step]):
            at += step
    return at
