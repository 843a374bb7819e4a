"""Letters that were lost or turned into others when a file was saved."""

import re
from collections.abc import Iterator
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, finding, out_of

GARBLED: Final = re.compile(
    "\ufffd"
    "|[ÃÅ][\x80-\xbfŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"
    "|Ä[\x80-\xbfžŸ]"
    "|â€[\x80-\xbfœžŸ˜–—‘’‚“”„†‡•…‰‹›€™]"
    "|Â[\xa0-\xbf]"
)
"""The replacement character, and UTF-8 that was read as a Western encoding: Ã¼ for ü, ÅŸ for ş."""


def find(material: Material) -> Iterator[Finding]:
    """Rows and documents with such letters."""
    rows = [
        row.id
        for row in material.examples
        if any(GARBLED.search(text) for text in (row.question, *row.references))
    ]
    sources = {d.source: None for d in material.documents if GARBLED.search(d.text)}
    if rows or sources:
        documents = len({document.source for document in material.documents})
        parts = [out_of(len(rows), len(material.examples))] if rows else []
        parts += [out_of(len(sources), documents, "documents")] if sources else []
        yield finding(
            "encoding",
            "warning" if sources or len(rows) > 0.01 * len(material.examples) else "info",
            [*rows, *sources],
            f"Garbled letters, such as Ã¼ for ü or a boxed question mark: {' and '.join(parts)}. "
            "A word with one is another word to search and model, and an answer with one cannot "
            "be matched.",
            "Export the file again as UTF-8 from where it came from.",
        )


FINDER = Finder(("encoding",), find)
