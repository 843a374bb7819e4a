"""Which cut of documents, and which choice among passages, shows most of what was asked for.

On questions whose answering places are known to the letter (Smith and Troynikov, Evaluating
Chunking Strategies for Retrieval, 2024). As there, with t_e the letters wanted and t_r the letters
shown, of which a letter shown twice counts twice:

    recall = |t_e and t_r| / |t_e|, precision = |t_e and t_r| / |t_r|,
    IoU = |t_e and t_r| / (|t_e| + |t_r| - |t_e and t_r|)

Not as there, everything is shown within a number of letters, for a reader pays by length.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.retrieval import Judged, kept_embedder
from bench.retrieval_data import Row, spans
from harness.effort import CHUNK_WORDS
from harness.types import Json
from rag.index import Hit
from rag.lexical import Lexical
from rag.ranking import standard
from rag.retrievers import DEFAULT, RETRIEVERS

SIZES = (40, 60, CHUNK_WORDS, 120)
MOST = 2_000
"""Letters shown."""
POOL = 20
"""Passages that sentences are chosen from."""
OWN = 0.3
"""What a sentence's own words count beside its passage's score, both in standard deviations."""
DEEP = 60
"""Passages looked at when the space is filled."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
LEAST = 20
"""Letters of a sentence; what is shorter stays with the next one."""


class Span(NamedTuple):
    """A part of a document."""

    document: str
    start: int
    end: int


class Overlap(NamedTuple):
    """How what is shown meets what is wanted; see the module."""

    recall: float
    precision: float
    iou: float


def measure() -> dict[str, Json]:
    """Means over questions by cut and by choice."""
    corpus, unmarked = spans(), spans(lambda text: text)
    if corpus is None or unmarked is None:
        return {"skipped": "the real data sets are not on this machine"}
    embedder = kept_embedder()
    out: dict[str, Json] = {"letters": MOST, "questions": len(corpus.rows)}
    for size in SIZES:
        judged = Judged(corpus, embedder, size)
        found = judged.index.search(judged.questions, DEEP)
        out[f"{size} words, up to the first that does not fit"] = _means(
            judged, (fitting(_places(hits), skip=False) for hits in found)
        )
        out[f"{size} words, all that fit"] = _means(judged, (fitting(_places(h)) for h in found))
        if size != CHUNK_WORDS:
            continue
        for name in RETRIEVERS:
            if name != DEFAULT:
                other = judged.index.using(name).search(judged.questions, DEEP)
                out[f"{size} words, all that fit, {name}"] = _means(
                    judged, (fitting(_places(hits)) for hits in other)
                )
        out[f"sentences of {size} words"] = _means(judged, _by_sentence(judged, found))
    plain = Judged(unmarked, embedder, CHUNK_WORDS)
    found = plain.index.search(plain.questions, DEEP)
    out["wiki headings not read, up to the first that does not fit"] = _means(
        plain, (fitting(_places(hits), skip=False) for hits in found)
    )
    return out


def fitting(parts: Iterable[Span], most: int = MOST, *, skip: bool = True) -> list[Span]:
    """The first parts that fit into so many letters.

    Args:
        parts: best first.
        most: letters.
        skip: pass over one that is too long and go on; otherwise stop there.
    """
    shown, left = [], most
    for part in parts:
        if part.end - part.start <= left:
            shown.append(part)
            left -= part.end - part.start
        elif not skip:
            break
    return shown


def overlap(shown: Sequence[Span], wanted: Sequence[Span]) -> Overlap:
    """Recall, precision and IoU; see the module.

    >>> overlap([Span("a", 0, 10)], [Span("a", 5, 25)])
    Overlap(recall=0.25, precision=0.5, iou=0.2)
    """
    letters = {(one.document, at) for one in wanted for at in range(one.start, one.end)}
    seen = {(one.document, at) for one in shown for at in range(one.start, one.end)}
    total = sum(one.end - one.start for one in shown)
    both = len(letters & seen)
    return Overlap(
        both / len(letters), both / total if total else 0.0, both / (len(letters) + total - both)
    )


def sentences(text: str, place: Span) -> list[Span]:
    """Sentences and lines of a passage.

    Args:
        text: the passage's.
        place: where it stands.
    """
    edges = [0]
    for found in _SENTENCE_END.finditer(text):
        if found.end() - edges[-1] >= LEAST:
            edges.append(found.end())
    parts = zip(edges, [*edges[1:], len(text)], strict=True)
    cut = [(a, a + len(text[a:b].rstrip())) for a, b in parts]
    return [Span(place.document, place.start + a, place.start + b) for a, b in cut if b > a]


def _by_sentence(judged: Judged, found: Sequence[Sequence[Hit]]) -> Iterable[list[Span]]:
    """For each question the best sentences of its best passages.

    A sentence is worth its passage's score and, by words alone, its own: so the choice costs no
    embedding.
    """
    texts = {document.source: document.text for document in judged.corpus.documents}
    of_passage: dict[str, list[int]] = {}
    all_of_them: list[Span] = []
    for chunk in judged.chunks:
        place = Span(chunk.source, chunk.start, chunk.end)
        parts = sentences(texts[chunk.source][chunk.start : chunk.end], place)
        of_passage[chunk.id] = list(range(len(all_of_them), len(all_of_them) + len(parts)))
        all_of_them += parts
    lexical = Lexical.build([texts[one.document][one.start : one.end] for one in all_of_them])
    for question, hits in zip(judged.questions, found, strict=True):
        pairs = [(row, hit.score) for hit in hits[:POOL] for row in of_passage[hit.chunk.id]]
        rows = np.array([row for row, _ in pairs])
        own = standard(lexical.scores(question)[rows])
        worth = _beside(rows, np.array([score for _, score in pairs]) + OWN * own)
        yield fitting(all_of_them[row] for row in rows[np.argsort(-worth, kind="stable")])


def _beside(rows: npt.NDArray[np.int64], worth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Two thirds of what sentences are worth and a third of their better neighbour's.

    What is asked for often goes on in the next sentence.
    """
    by_row = dict(zip(rows.tolist(), worth.tolist(), strict=True))
    least = float(worth.min(initial=0.0))
    better = [max(by_row.get(row - 1, least), by_row.get(row + 1, least)) for row in rows.tolist()]
    return np.asarray((2 * worth + np.array(better)) / 3)


def _places(hits: Sequence[Hit]) -> list[Span]:
    return [Span(hit.chunk.source, hit.chunk.start, hit.chunk.end) for hit in hits]


def _wanted(row: Row) -> list[Span]:
    return [Span(row["doc"], one["start_index"], one["end_index"]) for one in row["references"]]


def _means(judged: Judged, shown: Iterable[Sequence[Span]]) -> dict[str, Json]:
    met = [overlap(one, _wanted(row)) for one, row in zip(shown, judged.corpus.rows, strict=True)]
    means = np.mean(met, axis=0)
    return {
        name: round(float(value), 4) for name, value in zip(Overlap._fields, means, strict=True)
    }
