"""Documents that are there twice, or nearly so."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from advisor.audit.finding import Finder, Finding, Material, finding, listed, out_of
from harness.text import tokens
from rag.types import Document

LEAST_SHARED: Final = 0.8
"""Share of their runs of words that near copies have in common: two versions of a page, of which
every hundredth word was changed, share nine in ten."""
_RUN: Final = 5
"""Words that follow one another."""
_SKETCH: Final = 64
"""Runs that stand for a document while pairs are looked for: those with the smallest check sums, so
that copies have the same ones (Broder 1997)."""
_COMMON: Final = 50
"""Documents that share a run from which on it is a form that all are written in."""


class Pair(NamedTuple):
    """A document and the earlier one that it repeats."""

    copy: str
    original: str


def find(material: Material) -> Iterator[Finding]:
    """Copies word by word, and near copies, each with the document that it repeats."""
    words = words_of(material.documents, material.spec.language)
    same = exact(words)
    copies = {pair.copy for pair in same}
    alike = near({source: own for source, own in words.items() if source not in copies})
    total = len(words)
    if same:
        yield finding(
            "duplicate",
            "warning",
            [pair.copy for pair in same],
            f"Documents that are there twice: {out_of(len(same), total, 'documents')} say word by "
            f"word what another says, for instance {_named(same)}. Search shows such a passage "
            "once and names every document that holds it; a change has to be made in all of them.",
            "Keep one of each.",
        )
    if alike:
        yield finding(
            "near_duplicate",
            "warning",
            [pair.copy for pair in alike],
            f"Documents that are nearly the same: {out_of(len(alike), total, 'documents')}, for "
            f"instance {_named(alike)}. If one is an older version, retrieval can show the old "
            "text beside the new, or in its place, and the model cannot tell which of them holds.",
            "Take the older version out, or keep both if both hold.",
        )


def words_of(documents: tuple[Document, ...], language: str) -> dict[str, list[str]]:
    """Each file's words, its pages together; files without any are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        found[document.source] += tokens(document.text, language)
    return {source: words for source, words in found.items() if words}


def exact(words: Mapping[str, list[str]]) -> list[Pair]:
    """Files with the same words in the same order."""
    first: dict[tuple[str, ...], str] = {}
    pairs = []
    for source, own in words.items():
        original = first.setdefault(tuple(own), source)
        if original != source:
            pairs.append(Pair(source, original))
    return pairs


def near(words: Mapping[str, list[str]]) -> list[Pair]:
    """Files that share nearly all of their runs of words with an earlier one."""
    runs = {source: _runs(own) for source, own in words.items()}
    sketches = {source: sorted(own)[:_SKETCH] for source, own in runs.items()}
    spread = Counter(run for sketch in sketches.values() for run in sketch)
    by_run: dict[int, list[str]] = defaultdict(list)
    pairs = []
    for source, sketch in sketches.items():
        telling = [run for run in sketch if spread[run] <= _COMMON]
        met = Counter(other for run in telling for other in by_run[run])
        for other, times in met.most_common():
            if times < len(telling) / 2:
                break
            together = len(runs[source] & runs[other])
            if together >= LEAST_SHARED * len(runs[source] | runs[other]):
                pairs.append(Pair(source, other))
                break
        for run in telling:
            by_run[run].append(source)
    return pairs


def _runs(words: list[str]) -> set[int]:
    """Check sums of all runs of words; a shorter text is one run."""
    last = max(1, len(words) - _RUN + 1)
    return {zlib.crc32(" ".join(words[at : at + _RUN]).encode()) for at in range(last)}


def _named(pairs: list[Pair]) -> str:
    return listed([f"{pair.copy} and {pair.original}" for pair in pairs])


FINDER = Finder(("duplicate", "near_duplicate"), find)
