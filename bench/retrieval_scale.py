"""Search among very many passages: how long it takes, and what approximate search misses.

So many real passages would take hours to embed. Vectors are drawn around those of the real ones
(`drawn`), texts from the words of the corpora as often as they occur there; the questions are real.
What a text says and where its vector lies have nothing to do with each other: times are those of
real passages, what is found is not. Approximate search is judged beside exact search, which needs
no right answers.
"""

import math
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import kept_embedder
from bench.retrieval_data import corpora
from harness.effort import CHUNK_WORDS
from harness.retrieval import passages_of
from harness.types import Json
from rag import dense
from rag.chunk import Chunk
from rag.embed import Embedder, Vectors
from rag.index import Index
from rag.retrievers import RETRIEVERS
from rag.roles import QUERY, Role

LARGE, ASKED = 100_000, 200
SIZES = (20_000, 50_000, 100_000)
READ = (16, 32, 64)
LINKS, WIDELY = 32, 200
"""Of a graph: links of a vector, and how widely those are looked for when it is built."""
SEEN = (64, 128, 512)
"""Vectors that a search in a graph keeps in sight."""
NEIGHBOURS = 10
DEPTHS = (3, 10, 100)


def measure() -> dict[str, Json]:
    """Times of search and of a question's embedding; recall of approximate search."""
    import faiss

    embedder, found = kept_embedder(), list(corpora())
    chunks = [chunk for corpus in found for chunk in passages_of(corpus.documents)]
    real = embedder.embed([chunk.with_headings for chunk in chunks])
    questions = [row["question"] for corpus in found for row in corpus.rows]
    questions = random.Random(0).sample(questions, min(ASKED, len(questions)))
    asked = embedder.embed(questions)
    return {
        "threads": faiss.omp_get_max_threads(),
        "real passages": len(chunks),
        "a question's embedding, alone": _alone(questions[: ASKED // 4]),
        "recall against exact search": {
            str(n): dict(_approximate(drawn(n, real), asked)) for n in SIZES
        },
        "search": _speed(chunks, questions, _Drawn(embedder, real)),
    }


def _alone(questions: Sequence[str]) -> dict[str, Json]:
    """Embedding of questions that nobody asked before, one by one."""
    fresh = kept_embedder(cache=None)
    fresh.embed(["What loads the model?"])
    return _timed_each(lambda question: fresh.embed([question]), questions)


def drawn(n: int, real: Vectors) -> Vectors:
    """(n, d) unit vectors around real ones, the same each time.

    Each is a real passage, moved up to half way to one of its ten neighbours, and by half of what
    sets another passage apart from one of its own. So they crowd as passages on the same subjects
    do, and differ in the directions in which neighbours differ.
    """
    rng = np.random.default_rng(0)
    cosines = real @ real.T
    np.fill_diagonal(cosines, -1)
    near = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]

    def pairs() -> tuple[Any, Any]:
        one = rng.integers(len(real), size=n)
        return one, near[one, rng.integers(NEIGHBOURS, size=n)]

    (a, b), (c, d) = pairs(), pairs()
    far = rng.uniform(0, 0.5, size=(n, 1)).astype(np.float32)
    moved = real[a] + far * (real[b] - real[a]) + 0.5 * (real[d] - real[c])
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


class _Drawn(Embedder):
    """Drawn vectors for the many passages, the embedder's own for questions."""

    def __init__(self, embedder: Embedder, real: Vectors) -> None:
        super().__init__(Path(), "drawn")
        self._questions, self._real = embedder, real

    def embed(self, texts: Sequence[str], role: Role = QUERY) -> Vectors:
        """(n, d) unit vectors."""
        if len(texts) == LARGE:
            return drawn(LARGE, self._real)
        return self._questions.embed(texts)


def _approximate(vectors: Vectors, asked: Vectors) -> Iterator[tuple[str, Json]]:
    """(how it searches, figures)."""
    import faiss

    n, width = vectors.shape
    exact, built = _built(vectors, lambda: faiss.IndexFlatIP(width))
    right = exact.search(asked, max(DEPTHS))[1]
    yield "exact", built | _searched(exact, asked, right)
    kind, inner = faiss.ScalarQuantizer, faiss.METRIC_INNER_PRODUCT
    half, built = _built(vectors, lambda: faiss.IndexScalarQuantizer(width, kind.QT_fp16, inner))
    yield "half precision", built | _searched(half, asked, right)
    del half
    if n >= dense.LISTED_FROM:
        lists, built = _built(vectors, lambda: dense.empty_store(vectors))
        for read in READ:
            lists.nprobe = read
            yield f"lists, {read} read", built | _searched(lists, asked, right)
        del lists
    if n == max(SIZES):
        small, built = _built(vectors, lambda: _in_bytes(vectors))
        yield f"lists in 8 bits, {READ[-1]} read", built | _searched(small, asked, right)
        del small
    if n in (min(SIZES), max(SIZES)):
        yield from _graph(vectors, asked, right)


def _graph(vectors: Vectors, asked: Vectors, right: Any) -> Iterator[tuple[str, Json]]:
    """HNSW, out of which FAISS can take no vector again."""
    import faiss

    width, inner = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    graph, built = _built(vectors, lambda: faiss.IndexHNSWFlat(width, LINKS, inner))
    for seen in SEEN:
        graph.hnsw.efSearch = seen
        # asked for more than it keeps in sight, a graph keeps as many as it is asked for
        depths = [k for k in DEPTHS if k <= seen]
        yield f"graph, {seen} in sight", built | _searched(graph, asked, right, depths)


def _in_bytes(vectors: Vectors) -> Any:
    """Lists as the product makes them, each number in 8 bits instead of 16."""
    import faiss

    n, width = vectors.shape
    lists = dense.LISTS_PER_ROOT * math.isqrt(n)
    store = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width), width, lists, faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT, False,
    )  # fmt: skip
    store.nprobe = READ[-1]
    store.train(vectors[: dense.TRAINED_ON * lists])
    return store


def _built(vectors: Vectors, make: Callable[[], Any]) -> tuple[Any, dict[str, Json]]:
    """A store with all vectors in it; what building it took, and the bytes that it is."""
    import faiss

    started, computed = time.perf_counter(), time.process_time()
    store = make()
    if hasattr(store, "hnsw"):
        store.hnsw.efConstruction = WIDELY
    if not store.is_trained:
        store.train(vectors)
    store.add(vectors)
    took = {"build_s": round(time.perf_counter() - started, 1),
            "build_cpu_s": round(time.process_time() - computed, 1)}  # fmt: skip
    return store, {**took, "mb": round(faiss.serialize_index(store).nbytes / 1e6, 3)}


def _searched(
    store: Any, asked: Vectors, right: Any, depths: Sequence[int] = DEPTHS
) -> dict[str, Json]:
    """Time of one question by itself, and the share of the k closest that are found."""
    store.search(asked[:3], max(depths))  # the first ones warm up
    rows = []

    def one(question: Vectors) -> None:
        rows.append(store.search(question[None], max(depths))[1][0])

    figures = _timed_each(one, asked)
    recalls = {f"recall_at_{k}": _shared(rows, right, k) for k in depths}
    return {**figures, **recalls}


def _shared(found: Sequence[Any], right: Sequence[Any], k: int) -> float:
    """Share of the k closest that are among the first k found."""
    shares = [len(set(a[:k]) & set(b[:k])) / len(b[:k]) for a, b in zip(found, right, strict=True)]
    return round(float(np.mean(shares)), 4)


def _speed(
    chunks: Sequence[Chunk], questions: Sequence[str], embedder: Embedder
) -> dict[str, Json]:
    """Search in passages of drawn words; the question's embedding apart."""
    rng = random.Random(0)
    said = [word for chunk in chunks for word in chunk.text.split()]
    texts = [" ".join(rng.choices(said, k=CHUNK_WORDS)) for _ in range(LARGE)]
    many = [Chunk(f"{i}", "", None, "", "", text, 0, 0) for i, text in enumerate(texts)]
    out: dict[str, Json] = {"passages": LARGE}
    index = _timed(out, "build_s", lambda: Index.build(many, embedder))
    with tempfile.TemporaryDirectory() as folder:
        _timed(out, "save_s", lambda: index.save(Path(folder)))
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        out["on_disk_mb"] = round(size / 1e6)
        index = _timed(out, "load_s", lambda: Index.load(Path(folder), embedder))
    embedder.embed(questions)  # known: their embedding is measured apart
    for name in RETRIEVERS:
        out[name] = _looked_up(index.using(name), questions)
    out["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    return out


def _looked_up(index: Index, questions: Sequence[str]) -> dict[str, Json]:
    index.search(questions[:3], 3)  # the first ones warm up
    return _timed_each(lambda question: index.search([question], 3), questions)


def _timed(out: dict[str, Json], name: str, work: Callable[[], Any]) -> Any:
    started, computed = time.perf_counter(), time.process_time()
    done = work()
    out[name] = round(time.perf_counter() - started, 2)
    out[f"{name.removesuffix('_s')}_cpu_s"] = round(time.process_time() - computed, 2)
    return done


def _timed_each(work: Callable[[Any], object], over: Iterable[Any]) -> dict[str, Json]:
    """Milliseconds of each, waiting included, and of computing alone.

    What other processes take from the machine is in the percentiles, but not in the computing.
    """
    waited, computed = [], []
    for one in over:
        started, began = time.perf_counter(), time.process_time()
        work(one)
        waited.append(1000 * (time.perf_counter() - started))
        computed.append(1000 * (time.process_time() - began))
    return {**_percentiles(waited), **_percentiles(computed, "cpu_")}


def _percentiles(ms: Sequence[float], prefix: str = "") -> dict[str, Json]:
    p50, p95 = np.percentile(ms, [50, 95])
    return {
        f"{prefix}p50_ms": round(float(p50), 2),
        f"{prefix}p95_ms": round(float(p95), 2),
    }
