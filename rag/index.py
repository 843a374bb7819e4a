"""Exact dense search with FAISS. The index on disk names its embedder and its corpus."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rag.chunk import Chunk
from rag.embed import Embedder


class Hit(NamedTuple):
    """A passage found."""

    chunk: Chunk
    score: float
    """Cosine with the query, -1 to 1."""


class IndexMismatchError(Exception):
    """The index on disk was built from other texts or with another embedder."""


class Index:
    """Passages with their vectors."""

    def __init__(self, chunks: Sequence[Chunk], embedder: Embedder, store: Any) -> None:
        self.chunks, self.embedder, self._store = list(chunks), embedder, store

    @classmethod
    def build(cls, chunks: Sequence[Chunk], embedder: Embedder) -> "Index":
        """Embed passages and index them; inner product of unit vectors is the cosine.

        Raises:
            ValueError: there are no passages.
        """
        import faiss

        if not chunks:
            raise ValueError("there is nothing to index")
        vectors = embedder.embed([chunk.with_headings for chunk in chunks])
        store = faiss.IndexFlatIP(vectors.shape[1])
        store.add(vectors)
        return cls(chunks, embedder, store)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The k closest passages of each query, closest first; fewer where there are fewer."""
        if not queries:
            return []
        vectors = self.embedder.embed(queries)
        scores, rows = self._store.search(vectors, min(k, len(self.chunks)))
        return [
            [Hit(self.chunks[row], float(score)) for score, row in zip(line, places, strict=True)]
            for line, places in zip(scores, rows, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write vectors, passages and, last, the manifest that declares them complete."""
        import faiss

        folder.mkdir(parents=True, exist_ok=True)
        # an older manifest would declare half-written files complete
        (folder / "manifest.json").unlink(missing_ok=True)
        faiss.write_index(self._store, str(folder / "vectors.faiss"))
        lines = (json.dumps(asdict(chunk), ensure_ascii=False) for chunk in self.chunks)
        (folder / "chunks.jsonl").write_text("\n".join(lines), encoding="utf-8")
        manifest = {"embedder": self.embedder.name, "corpus": corpus_hash(self.chunks)}
        temporary = folder / "manifest.json.tmp"
        temporary.write_text(json.dumps(manifest), encoding="utf-8")
        temporary.replace(folder / "manifest.json")

    @classmethod
    def load(cls, folder: Path, embedder: Embedder, expected_corpus: str = "") -> "Index":
        """Read an index.

        Raises:
            IndexMismatchError: another embedder, another corpus, or nothing complete there.
        """
        import faiss

        manifest_file = folder / "manifest.json"
        if not manifest_file.is_file():
            raise IndexMismatchError(f"{folder} holds no complete index")
        manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
        if manifest["embedder"] != embedder.name:
            raise IndexMismatchError(
                f"{folder} was built with {manifest['embedder']}, not {embedder.name}"
            )
        if expected_corpus and manifest["corpus"] != expected_corpus:
            raise IndexMismatchError(f"{folder} was built from other documents")
        # not splitlines: a passage may hold U+2028, which JSON leaves as it is
        lines = (folder / "chunks.jsonl").read_text(encoding="utf-8").split("\n")
        chunks = [Chunk(**json.loads(line)) for line in lines]
        return cls(chunks, embedder, faiss.read_index(str(folder / "vectors.faiss")))


def corpus_hash(chunks: Sequence[Chunk]) -> str:
    """Hash of all passages in order, 16 hex digits."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(f"{chunk.id}\0{chunk.with_headings}\0".encode())
    return digest.hexdigest()[:16]
