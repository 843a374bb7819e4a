"""Dense search: the cosine of a question's vector with every passage's, by FAISS."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.embed import Embedder, Vectors
from rag.ranking import Ranked

HALVED_FROM = 20_000
"""Passages from which vectors are held in half precision. A search reads all of them, so that half
the bytes are about half the time: below it takes a few milliseconds either way."""


class Dense:
    """Unit vectors of passages; their inner product with a unit vector is the cosine."""

    def __init__(self, embedder: Embedder, store: Any) -> None:
        self.embedder, self._store = embedder, store

    @classmethod
    def build(cls, texts: Sequence[str], embedder: Embedder) -> "Dense":
        """Embed and index passages, at least one."""
        import faiss

        vectors = embedder.embed(texts)
        n, width = vectors.shape
        store: Any
        if n < HALVED_FROM:
            store = faiss.IndexFlatIP(width)
        else:
            half = faiss.ScalarQuantizer.QT_fp16
            store = faiss.IndexScalarQuantizer(width, half, faiss.METRIC_INNER_PRODUCT)
        store.add(vectors)
        return cls(embedder, store)

    def search(self, vectors: Vectors, k: int) -> list[list[Ranked]]:
        """The k closest passages of each of (n, d) query vectors, closest first."""
        scores, rows = self._store.search(vectors, min(k, self._store.ntotal))
        return [
            [Ranked(row, score) for row, score in zip(places, line, strict=True)]
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
    def load(cls, file: Path, embedder: Embedder) -> "Dense":
        """Read vectors that this embedder made."""
        import faiss

        return cls(embedder, faiss.read_index(str(file)))
