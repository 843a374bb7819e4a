"""The ways to look passages up, by name; one table tells them apart everywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.dense import Dense
from rag.lexical import Lexical
from rag.ranking import Ranked, best, reciprocal_rank, standard

DEFAULT = "hybrid"

POOL = 100
"""Passages that each side proposes before two sides are made one."""

Rank = Callable[[Dense, Lexical, Sequence[str], int], list[list[Ranked]]]


@dataclass(frozen=True, slots=True)
class Retriever:
    """One way to order passages for a question."""

    name: str
    what: str
    """How it looks, in words."""
    score: str
    """What its scores are."""
    embeds: bool
    """Whether a question has to be embedded."""
    rank: Rank
    """(dense, lexical, queries, k) to the k best of each query, best first."""


def _by_meaning(
    dense: Dense, lexical: Lexical, queries: Sequence[str], k: int
) -> list[list[Ranked]]:
    return dense.search(dense.embedder.embed(queries), k)


def _by_words(dense: Dense, lexical: Lexical, queries: Sequence[str], k: int) -> list[list[Ranked]]:
    return lexical.search(queries, k)


def _by_both(dense: Dense, lexical: Lexical, queries: Sequence[str], k: int) -> list[list[Ranked]]:
    """Mean of both sides' standard scores over all that either proposes.

    A side to which all passages look alike, as to an English embedder with Turkish text, has no
    score far from its mean and little say. Ranks would hide that: see DECISIONS.md.
    """
    vectors = dense.embedder.embed(queries)
    depth = max(POOL, k)
    out = []
    for query, vector, near in zip(queries, vectors, dense.search(vectors, depth), strict=True):
        all_scores = lexical.scores(query)
        proposed = {one.row for one in (*near, *best(all_scores, depth))}
        rows = np.array(sorted(proposed))
        fused = (standard(dense.cosines(vector, rows)) + standard(all_scores[rows])) / 2
        order = np.lexsort((rows, -fused))[:k]
        out.append([Ranked(int(rows[at]), float(fused[at])) for at in order])
    return out


def _by_rank(dense: Dense, lexical: Lexical, queries: Sequence[str], k: int) -> list[list[Ranked]]:
    depth = max(POOL, k)
    near = dense.search(dense.embedder.embed(queries), depth)
    return [
        reciprocal_rank(both, k) for both in zip(lexical.search(queries, depth), near, strict=True)
    ]


RETRIEVERS = {
    one.name: one
    for one in (
        Retriever(
            "hybrid",
            "by meaning and by words, both scores together",
            "standard deviations above the mean of the candidates, mean of both sides",
            True,
            _by_both,
        ),
        Retriever("dense", "by meaning", "cosine, -1 to 1", True, _by_meaning),
        Retriever("bm25", "by words", "BM25, above 0", False, _by_words),
        Retriever(
            "rrf",
            "by meaning and by words, ranks together",
            "share of the best possible fused rank, above 0 to 1",
            True,
            _by_rank,
        ),
    )
}
