"""An embedder without a model: the real class, with the model's place taken by word hashes."""

import hashlib
from pathlib import Path

import numpy as np

from rag.embed import Embedder, Vectors
from rag.roles import QUERY, Role

WIDTH = 64


class HashEmbedder(Embedder):
    """Every word is a fixed random direction, a text the sum of its words; counts its work."""

    def __init__(self, name: str = "hash@1", cache: Path | None = None) -> None:
        super().__init__(Path("nowhere"), name, cache=cache, say=self._said)
        self.encoded: list[str] = []
        self.said: list[str] = []

    def _said(self, line: str) -> None:
        self.said.append(line)

    def _encode(self, texts: list[str], role: Role = QUERY) -> Vectors:
        self.encoded.extend(texts)
        vectors = np.stack([_vector(text) for text in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _vector(text: str) -> Vectors:
    total = np.full(WIDTH, 1e-3, dtype=np.float32)  # a text without words has a direction too
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        total += np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    return total
