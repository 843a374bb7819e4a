"""Where a passage stands, in words."""

from collections.abc import Sequence

from harness.asking import Given


def place_of(
    source: str, page: int | None, start: int, end: int, also_in: Sequence[str] = ()
) -> str:
    """'returns.md, page 3, characters 121–480; also in old.md'.

    Args:
        source: the document.
        page: None where it has none.
        start: offset of its first character in the page's text, from 0.
        end: offset behind the last one; 0 where that is not known, in older runs.
        also_in: other documents with the same passage.
    """
    parts = [source]
    if page is not None:
        parts.append(f"page {page}")
    if end > start:
        parts.append(f"characters {start + 1:,}–{end:,}")
    also = f"; also in {', '.join(also_in)}" if also_in else ""
    return f"{', '.join(parts)}{also}"


def shown(given: Given) -> list[str]:
    """The passages that a rung was shown, a line each."""
    if not given.passages:  # kept by an older version
        return [f"shown: {', '.join(given.sources)}"] if given.sources else []
    return [
        f"shown: {place_of(one.source, one.page, one.start, one.end, one.also_in)}"
        for one in given.passages
    ]
