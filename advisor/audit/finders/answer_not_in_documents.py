"""Answers that retrieval cannot find, because no document holds them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from advisor.audit.answers import YES_NO
from advisor.audit.finding import Finder, Finding, Material, finding, ids, listed, out_of
from harness.retrieval import evidence
from harness.text import normalise
from harness.types import Example

_OPINIONS = frozenset().union(*YES_NO)


def find(material: Material) -> Iterator[Finding]:
    """Rows that name a document that is not there; rows whose answer stands literally nowhere."""
    if material.spec.kind != "answer" or not material.documents:
        return
    pages: dict[str, list[str]] = defaultdict(list)
    for document in material.documents:
        pages[document.source].append(document.text)
    texts = {source: f" {normalise(' '.join(parts))} " for source, parts in pages.items()}

    strangers = [row for row in material.examples if not set(row.context_ids) <= set(texts)]
    if strangers:
        names = sorted({name for row in strangers for name in row.context_ids} - set(texts))
        yield finding(
            "answer_not_in_documents",
            "warning",
            ids(strangers),
            f"Rows that name a document that is not there: "
            f"{out_of(len(strangers), len(material.examples))} ({listed(names)}). Whether search "
            "finds the right document cannot be measured on them.",
            "Write the document as its path inside the documents folder, or add the file.",
        )
    tellable = [row for row in material.examples if _literal(row)]
    missing = [row for row in tellable if not stands_in(row, texts)]
    if missing:
        yield finding(
            "answer_not_in_documents",
            "warning",
            ids(missing),
            f"Answers that stand literally in no document: {out_of(len(missing), len(tellable))} "
            "with key facts or a short answer (where a row names its document: not in that one). "
            "Retrieval can only bring what is written down, so that it may fail on these however "
            "well it works.",
            "Add the documents that hold these answers, or mend the answers to the words of the "
            "document.",
        )


def stands_in(row: Example, texts: Mapping[str, str]) -> bool:
    """Whether a short answer, or all key facts, stand in the documents that the row points to.

    Args:
        row: with key facts or short references.
        texts: normalised text of each document, with a space at both ends.
    """
    named = [texts[name] for name in row.context_ids if name in texts]
    right = named or list(texts.values())
    return any(
        all(any(part in text for text in right) for part in parts) for parts in _literal(row)
    )


def _literal(row: Example) -> list[list[str]]:
    """What must stand somewhere, as retrieval is measured by; a bare yes or no need not."""
    found = evidence(row)
    bare = any(part.strip() in _OPINIONS for parts in found for part in parts)
    return [] if bare and not row.key_facts else found


FINDER = Finder(("answer_not_in_documents",), find)
