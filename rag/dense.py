"""Dense search: the cosine of a question's vector with every passage's, by FAISS."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.embed import Embedder, Vectors
from rag.ranking import Ranked
from rag.roles import PASSAGE

HALVED_FROM = 20_000
"""Passages from which vectors are held in half precision. A search reads all of them, so that half
the bytes are about half the time: below it takes a few milliseconds either way."""

LISTED_FROM = 50_000
"""Passages from which a search reads the nearest lists of vectors only (IVF) instead of all:
in less than a tenth of the time, 997 of 1,000 of the ten closest are found at 50,000 and 999 at
100,000. Below, it would save a few milliseconds, not worth missing any. A graph (HNSW) of the same
vectors takes nine times as long to build, twice the memory, and finds fewer in the same time: it
is not offered. Measured in ``bench/retrieval_scale.py``."""

LISTS_PER_ROOT = 4
"""Lists, times the square root of the number of passages."""

READ_LISTS = 64
"""Lists read for a question."""

TRAINED_ON = 40
"""Passages a list that its centre is learned from; with fewer, FAISS warns."""


TRIED_ON, NEAREST = 300, 10
"""Passages whose nearest others are looked for to see how many a search misses."""

ROUNDED = 1e-3
"""By so much half precision can change a cosine, and so the order of passages."""


class Found(NamedTuple):
    """How many of the nearest passages a search finds that does not read all of them."""

    found: int
    looked_for: int


class Dense:
    """Unit vectors of passages; their inner product with a unit vector is the cosine."""

    def __init__(self, embedder: Embedder, store: Any, nearest: Found | None = None) -> None:
        self.embedder, self._store = embedder, store
        self.nearest = nearest
        """Measured when it was built; None where every vector is read, so that none is missed."""

    @classmethod
    def build(cls, texts: Sequence[str], embedder: Embedder) -> "Dense":
        """Embed and index passages, at least one."""
        vectors = embedder.embed(texts, PASSAGE)
        store = empty_store(vectors)
        store.add(vectors)
        built = cls(embedder, store)
        if len(texts) >= LISTED_FROM:
            built.nearest = built._tried(vectors)
        return built

    def _tried(self, vectors: Vectors) -> Found:
        """Look for the nearest others of some passages, and compare with all cosines."""
        n = len(vectors)
        chosen = np.random.default_rng(0).permutation(n)[:TRIED_ON]
        most = min(NEAREST, n - 1)
        found = 0
        for row in chosen.tolist():
            cosines = vectors @ vectors[row]
            cosines[row] = -1.0  # itself is always found
            least = np.partition(cosines, -most)[-most] - ROUNDED
            (hits,) = self.search(vectors[row : row + 1], most + 1)
            right = [hit for hit in hits if hit.row != row and cosines[hit.row] >= least]
            found += min(most, len(right))
        return Found(found, most * len(chosen))

    def search(self, vectors: Vectors, k: int) -> list[list[Ranked]]:
        """The k closest passages of each of (n, d) query vectors, closest first.

        All of the closest below `LISTED_FROM` passages; from there on nearly all of them, and fewer
        than k where the lists read hold fewer.
        """
        scores, rows = self._store.search(vectors, min(k, self._store.ntotal))
        return [
            [Ranked(row, score) for row, score in zip(places, line, strict=True) if row >= 0]
            for places, line in zip(rows.tolist(), scores.tolist(), strict=True)
        ]

    def cosines(self, vector: Vectors, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(rows,) cosines of some passages with a (d,) query vector."""
        found: npt.NDArray[np.float32] = self._store.reconstruct_batch(rows) @ vector
        return found

    def save(self, file: Path) -> None:
        """Write the vectors."""
        import faiss

        faiss.write_index(self._store, str(file))

    @classmethod
    def load(cls, file: Path, embedder: Embedder, nearest: Found | None = None) -> "Dense":
        """Read vectors that this embedder made, with what was measured when they were indexed."""
        import faiss

        return cls(embedder, faiss.read_index(str(file)), nearest)


def empty_store(vectors: Vectors) -> Any:
    """A store for so many vectors, none of them in it yet; it has learned their lists if any."""
    import faiss

    n, width = vectors.shape
    half, inner = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    if n < HALVED_FROM:
        return faiss.IndexFlatIP(width)
    if n < LISTED_FROM:
        return faiss.IndexScalarQuantizer(width, half, inner)
    lists = LISTS_PER_ROOT * math.isqrt(n)
    # vectors whole, not what they lack to their list's centre: the cosine stays one product
    store = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width), width, lists, half, inner, False
    )
    store.nprobe = READ_LISTS
    chosen = np.random.default_rng(0).permutation(n)[: TRAINED_ON * lists]
    store.train(vectors[np.sort(chosen)])
    store.make_direct_map()
    return store
