"""Passages that can be looked up. The index on disk names its embedder, terms and corpus."""

import copy
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from rag import retrievers, terms
from rag.chunk import Chunk
from rag.dense import Dense, Found
from rag.embed import Embedder
from rag.lexical import Lexical
from rag.ranking import Ranked
from rag.rerank import POOL, Reranker
from rag.retrievers import DEFAULT, RETRIEVERS, Retriever
from rag.widen import CONTEXTS, PASSAGE, rows_around, widened

_MANIFEST, _VECTORS, _WORDS, _CHUNKS = "manifest.json", "vectors.faiss", "words", "chunks.jsonl"
_MARKS = ".,;:!?…*_\"'“”‘’()"
"""Around a word, what does not make it another one; signs such as € and - do."""
DEEPER = 4
"""Times as many passages are looked at where several may be shown as one."""
LAYOUT = "2"
"""Written into an index; another number when its files are read another way."""


class Hit(NamedTuple):
    """A passage found."""

    chunk: Chunk
    score: float
    """What the retriever ordered by, higher is better; see `rag.retrievers.Retriever.score`.
    Only scores of one retriever and one question can be compared."""
    also: tuple[Chunk, ...] = ()
    """Passages of other places with the same heading and text; they take no place of their own."""


UNREADABLE = (OSError, EOFError, ValueError, TypeError, LookupError, RuntimeError)
"""What reading a cut-off or overwritten file of an index raises; the last one is FAISS's."""


class IndexMismatchError(Exception):
    """The index on disk was built from other texts or in another way, or is damaged."""


class Index:
    """Passages with their vectors and words, and the way they are looked up."""

    def __init__(self, chunks: Sequence[Chunk], dense: Dense, lexical: Lexical) -> None:
        self.chunks, self._dense, self._lexical = list(chunks), dense, lexical
        self.retriever: Retriever = RETRIEVERS[DEFAULT]
        self.copies = same_text(chunks)
        """Rows of passages whose text stands elsewhere too, each with all of them, itself too."""
        self.reranker: Reranker | None = None
        self.context = PASSAGE

    @property
    def embedder(self) -> Embedder:
        """Whose vectors these are."""
        return self._dense.embedder

    @property
    def nearest(self) -> Found | None:
        """How many of the nearest passages a search by meaning finds; None: all of them."""
        return self._dense.nearest

    @classmethod
    def build(cls, chunks: Sequence[Chunk], embedder: Embedder) -> "Index":
        """Embed and index passages.

        Also when documents came, changed or went: the embedder knows the texts that stayed, and all
        else is made anew, for what a term is worth depends on every passage and counting terms is
        quick beside embedding. So nothing of a deleted passage is left; `rag.embed.forget` takes
        its vector off the disk.

        Raises:
            ValueError: there are no passages.
        """
        if not chunks:
            raise ValueError("there is nothing to index")
        texts = [chunk.with_headings for chunk in chunks]
        return cls(chunks, Dense.build(texts, embedder), Lexical.build(texts))

    def using(self, retriever: str) -> "Index":
        """The same passages, looked up another way, shown alone and without a second look.

        Raises:
            ValueError: there is no retriever of that name.
        """
        if retriever not in RETRIEVERS:
            raise ValueError(
                f"retriever must be one of {', '.join(RETRIEVERS)}. Got {retriever!r}."
            )
        other = copy.copy(self)
        other.retriever, other.reranker, other.context = RETRIEVERS[retriever], None, PASSAGE
        return other

    def reranking(self, reranker: Reranker | None) -> "Index":
        """The same, and what is found first is put in order by a cross-encoder; None: it is not."""
        other = copy.copy(self)
        other.reranker = reranker
        return other

    def showing(self, context: str) -> "Index":
        """The same, and passages are shown with what stands around them.

        Raises:
            ValueError: there is no such context.
        """
        if context not in CONTEXTS:
            raise ValueError(f"context must be one of {', '.join(CONTEXTS)}. Got {context!r}.")
        other = copy.copy(self)
        other.context = context
        return other

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The k best passages of each query, best first; of those with the same text, the best.

        Fewer where there are fewer; where words alone decide, only passages that share one. A
        query without any character finds nothing.
        """
        asked = [query for query in queries if query.strip()]
        if not asked or k < 1:
            return [[] for _ in queries]
        ranked = self._ranked if self.reranker is None else self._reranked
        # no deeper than both sides propose, or the order would depend on k
        depth = k if self.context == PASSAGE else max(k, min(DEEPER * k, retrievers.POOL))
        found = iter(ranked(asked, depth))
        return [self._shown(next(found), k) if query.strip() else [] for query in queries]

    def _shown(self, order: list[Ranked], k: int) -> list[Hit]:
        """The first k with what stands around them; nothing is shown twice."""
        covered: set[int] = set()
        hits: list[Hit] = []
        for one in order:
            if one.row in covered or len(hits) == k:
                continue
            rows = rows_around(self.chunks, one.row, self.context, covered)
            covered.update(rows)
            # a copy of a passage is no copy of what stands around it
            twins = self.copies.get(one.row, ()) if len(rows) == 1 else ()
            also = tuple(self.chunks[row] for row in twins if row != one.row)
            hits.append(Hit(widened(self.chunks, one.row, rows), one.score, also))
        return hits

    def with_context(self, row: int) -> Chunk:
        """A passage as it is shown."""
        return widened(self.chunks, row, rows_around(self.chunks, row, self.context))

    def _ranked(self, queries: Sequence[str], k: int) -> list[list[Ranked]]:
        """The k best of each query, each text once; looks deeper where copies took places.

        For each query by itself: what is found must not depend on what else is asked with it.
        """
        found: dict[int, list[Ranked]] = {}
        lacking, depth = list(range(len(queries))), k
        while lacking:
            asked = [queries[at] for at in lacking]
            orders = self.retriever.rank(self._dense, self._lexical, asked, depth)
            found |= {at: self._once(one)[:k] for at, one in zip(lacking, orders, strict=True)}
            full = {at for at, one in zip(lacking, orders, strict=True) if len(one) == depth}
            lacking = [at for at in lacking if at in full and len(found[at]) < k]
            depth *= 2
        return [found[at] for at in range(len(queries))]

    def _reranked(self, queries: Sequence[str], k: int) -> list[list[Ranked]]:
        """The first `POOL` of each query in the reranker's order; those behind keep theirs."""
        assert self.reranker is not None  # search asks before
        found = []
        for query, order in zip(queries, self._ranked(queries, max(k, POOL)), strict=True):
            texts = [self.chunks[one.row].with_headings for one in order[:POOL]]
            scores = self.reranker.scores(query, texts).tolist()
            again = [Ranked(one.row, s) for one, s in zip(order[:POOL], scores, strict=True)]
            again.sort(key=lambda one: -one.score)  # stable: of equals, as they were found
            least = again[-1].score if again else 0.0
            behind = [Ranked(one.row, least) for one in order[POOL:]]
            found.append([*again, *behind][:k])
        return found

    def _once(self, order: list[Ranked]) -> list[Ranked]:
        best: dict[int, Ranked] = {}
        for one in order:
            best.setdefault(self.copies.get(one.row, [one.row])[0], one)
        return list(best.values())

    def save(self, folder: Path) -> None:
        """Write vectors, words, passages and, last, the manifest that declares them complete.

        Of an older index in the folder nothing is left.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # an older manifest would declare half-written files complete
        (folder / _MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder / _WORDS, ignore_errors=True)
        self._dense.save(folder / _VECTORS)
        self._lexical.save(folder / _WORDS)
        lines = (json.dumps(asdict(chunk), ensure_ascii=False) for chunk in self.chunks)
        (folder / _CHUNKS).write_text("\n".join(lines), encoding="utf-8")
        manifest = {
            "layout": LAYOUT,
            "embedder": self.embedder.name,
            "prompts": self.embedder.prompts,
            "terms": terms.NAME,
            "corpus": corpus_hash(self.chunks),
            "nearest": self.nearest,
        }
        temporary = folder / f"{_MANIFEST}.tmp"
        temporary.write_text(json.dumps(manifest), encoding="utf-8")
        temporary.replace(folder / _MANIFEST)

    @classmethod
    def load(cls, folder: Path, embedder: Embedder, expected_corpus: str = "") -> "Index":
        """Read an index.

        Raises:
            IndexMismatchError: another embedder, other terms, another corpus, an older layout, a
                damaged file, or nothing complete there. An index can be made again.
        """
        manifest_file = folder / _MANIFEST
        if not manifest_file.is_file():
            raise IndexMismatchError(f"{folder} holds no complete index")
        try:
            manifest = dict(json.loads(manifest_file.read_text(encoding="utf-8")))
        except UNREADABLE as error:
            raise IndexMismatchError(f"{folder} is damaged ({error})") from error
        if manifest.get("layout") != LAYOUT:
            raise IndexMismatchError(f"{folder} was written by another version")
        if manifest.get("prompts", "") != embedder.prompts:
            raise IndexMismatchError(f"{folder} was built with other prompts before its texts")
        for part, ours in (("embedder", embedder.name), ("terms", terms.NAME)):
            theirs = manifest.get(part, "an older version")
            if theirs != ours:
                raise IndexMismatchError(f"{folder} was built with {theirs}, not {ours}")
        if expected_corpus and manifest.get("corpus") != expected_corpus:
            raise IndexMismatchError(f"{folder} was built from other documents")
        try:
            # not splitlines: a passage may hold U+2028, which JSON leaves as it is
            lines = (folder / _CHUNKS).read_text(encoding="utf-8").split("\n")
            chunks = [Chunk(**json.loads(line)) for line in lines]
            nearest = manifest.get("nearest")  # not in those of an older version
            measured = Found(*map(int, nearest)) if nearest else None
            dense = Dense.load(folder / _VECTORS, embedder, measured)
            return cls(chunks, dense, Lexical.load(folder / _WORDS, len(chunks)))
        except UNREADABLE as error:
            raise IndexMismatchError(f"{folder} is damaged ({error})") from error


def same_text(chunks: Sequence[Chunk]) -> dict[int, list[int]]:
    """Rows of passages whose heading and words are those of another: each with all of them."""
    alike: dict[bytes, list[int]] = {}
    for row, chunk in enumerate(chunks):
        words = (word.strip(_MARKS) for word in chunk.text.casefold().split())
        said = " ".join(word for word in words if word) or chunk.text
        # a digest, for the words themselves would be held several times over
        key = hashlib.blake2b(f"{chunk.heading}\n{said}".encode(), digest_size=16).digest()
        alike.setdefault(key, []).append(row)
    return {row: rows for rows in alike.values() if len(rows) > 1 for row in rows}


def holds(folder: Path, source: str) -> bool:
    """Whether a passage of a document stands in the files of an index; also of a damaged one.

    Only for a folder that nothing else writes into meanwhile.
    """
    file = folder / _CHUNKS
    if not file.is_file():
        return False
    named = f'"source": {json.dumps(source, ensure_ascii=False)}'
    return named in file.read_text(encoding="utf-8", errors="replace")


def corpus_hash(chunks: Sequence[Chunk]) -> str:
    """Hash of all passages in order, 16 hex digits."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(f"{chunk.id}\0{chunk.with_headings}\0".encode())
    return digest.hexdigest()[:16]
