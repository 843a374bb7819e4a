"""Answers that retrieval cannot find, because no document holds them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set

from advisor.audit.finding import Finder, Finding, Material, finding, ids, listed, out_of
from harness.retrieval import evidence
from harness.text import tokens
from harness.types import Example, TaskSpec


def find(material: Material) -> Iterator[Finding]:
    """Rows that name a document that is not there; rows whose answer stands literally nowhere."""
    if material.spec.kind != "answer" or not material.documents:
        return
    pages: dict[str, list[str]] = defaultdict(list)
    for document in material.documents:
        pages[document.source].append(document.text)
    strangers = [row for row in material.examples if not pages.keys() >= set(row.context_ids)]
    if strangers:
        names = sorted({name for row in strangers for name in row.context_ids} - pages.keys())
        yield finding(
            "answer_not_in_documents",
            "warning",
            ids(strangers),
            f"Rows that name a document that is not there: "
            f"{out_of(len(strangers), len(material.examples))} ({listed(names)}). Whether search "
            "finds the right document cannot be measured on them.",
            "Write the document as its path inside the documents folder, or add the file.",
        )
    wanted = {row.id: parts for row in material.examples if (parts := _literal(row, material.spec))}
    tellable = [row for row in material.examples if row.id in wanted]
    every = {part for either in wanted.values() for parts in either for part in parts}
    places = places_of(every, pages, material.spec.language)
    known = pages.keys()
    missing = [row for row in tellable if not _stands_there(row, wanted[row.id], places, known)]
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


def places_of(
    parts: Iterable[str], pages: Mapping[str, list[str]], language: str = "en"
) -> dict[str, set[str]]:
    """Which documents each part stands in, found in one walk over the words of all documents.

    Args:
        parts: normalised words.
        pages: source to the texts of a document.
        language: by whose rules both are normalised.
    """
    places: dict[str, set[str]] = {part: set() for part in parts}
    lengths: dict[str, set[int]] = defaultdict(set)
    for part in places:
        first, *more = part.split(" ")
        lengths[first].add(1 + len(more))
    for source, texts in pages.items():
        words = tokens(" ".join(texts), language)
        for at, word in enumerate(words):
            for length in lengths.get(word, ()):
                found = places.get(" ".join(words[at : at + length]))
                if found is not None:
                    found.add(source)
    return places


def _stands_there(
    row: Example,
    wanted: list[list[str]],
    places: Mapping[str, set[str]],
    known: Set[str],
) -> bool:
    """Whether a short answer, or all key facts, stand in the documents that the row points to."""
    named = known & set(row.context_ids) or known
    return any(all(not named.isdisjoint(places[part]) for part in parts) for parts in wanted)


def _literal(row: Example, spec: TaskSpec) -> list[list[str]]:
    """What must stand somewhere, as retrieval is measured by."""
    return [[part.strip() for part in parts] for parts in evidence(row, spec)]


FINDER = Finder(("answer_not_in_documents",), find)
