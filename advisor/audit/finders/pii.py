"""Personal data in rows and documents."""

from collections import Counter
from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, out_of
from harness.personal import PERSONAL_KINDS, find_personal

_FIX = (
    "Run rungwise anonymise to get a copy with these replaced, and look for names and addresses "
    "yourself."
)


def find(material: Material) -> Iterator[Finding]:
    """Rows that hold personal data, and documents that do; what it is, never the data itself."""
    language = material.spec.language
    kinds: Counter[str] = Counter()
    rows = []
    for row in material.examples:
        found = [
            span.kind
            for text in (row.question, *row.references)
            for span in find_personal(text, language)
        ]
        if found:
            rows.append(row.id)
            kinds.update(found)
    if rows:
        yield finding(
            "pii",
            "warning",
            rows,
            f"Personal data in {out_of(len(rows), len(material.examples))}: {_shown(kinds)}. Names "
            "and postal addresses are not looked for. What a model is tuned on ends up in its "
            "weights, can come out again, and is hard to take back.",
            _FIX,
        )
    sources: dict[str, None] = {}
    kinds.clear()
    for document in material.documents:
        spans = find_personal(document.text, language)
        if spans:
            sources[document.source] = None
            kinds.update(span.kind for span in spans)
    if sources:
        total = len({document.source for document in material.documents})
        yield finding(
            "pii",
            "warning",
            list(sources),
            f"Personal data in {out_of(len(sources), total, 'documents')}: {_shown(kinds)}. Names "
            "and postal addresses are not looked for. Retrieval quotes it to whoever asks; "
            "deleting the document takes it back.",
            _FIX,
        )


def _shown(kinds: Counter[str]) -> str:
    return ", ".join(f"{PERSONAL_KINDS[kind]} {n:,}×" for kind, n in kinds.most_common())


FINDER = Finder(("pii",), find)
