"""Search in 100,000 vectors of 384 numbers: the product's store beside FAISS Flat.

Vectors are drawn in clusters, as passages on the same subjects lie. The product reads the nearest
lists only (`rag.dense`); the same search as one matrix product stands beside it as what exact
search in batches could be.
"""

from typing import Any

import numpy as np

from bench.lines import Measured, line
from bench.sides import Done, Side, Turn, Work, in_turn
from harness.device import pick_device
from harness.types import Json
from rag.embed import Vectors

MANY, WIDTH, CENTRES = 100_000, 384, 2_000
SPREAD = 0.06
"""Standard deviation of each number around its centre: cosines to the next ten of 0.6 to 0.7."""
ASKED = {"one at a time": 100, "together": 1_000}
K = 10
MUST = {"one at a time": 2.0, "together": 10.0}
BLOCK = 20_000
"""Vectors of one matrix product: their scores of all questions are held at once."""


def measure() -> dict[str, Json]:
    """Questions a second by side, and how many of the ten closest are found."""
    threads = pick_device().threads
    sides = [
        Side("product", product_search, (threads,)),
        Side("FAISS Flat", flat_search, (threads,)),
        Side("matrix product", matrix_search, (threads,)),
    ]
    together = ["product", "FAISS Flat", "matrix product"]
    found = in_turn(sides, {"one at a time": together[:2], "together": together})
    lines = [
        _line(job, found[job], ours)
        for job, ours in (
            ("one at a time", "product"),
            ("together", "product"),
            ("together", "matrix product"),
        )
    ]
    return {"vectors": MANY, "width": WIDTH, "threads": threads, "lines": lines}


def _line(job: str, turns: dict[str, list[Turn]], ours: str) -> dict[str, Json]:
    name = "" if ours == "product" else ", as one matrix product (not in the product)"
    return line(
        f"search in {MANY:,} vectors, {job}{name}",
        "questions",
        Measured(ours, ASKED[job], turns[ours]),
        Measured("FAISS Flat", ASKED[job], turns["FAISS Flat"]),
        agree=shared(turns[ours][0].outputs, turns["FAISS Flat"][0].outputs),
        must=MUST[job] if ours == "product" else None,
    )


def shared(ours: list[Json], exact: list[Json]) -> str:
    """How many of the closest that exact search finds are found."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(ours, exact, strict=True))
    total = sum(map(len, exact))
    return f"{hits:,} of {total:,} closest the same"


def drawn() -> tuple[Vectors, Vectors]:
    """(MANY, WIDTH) vectors and the questions of the largest job, the same each time."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CENTRES, WIDTH)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)

    def around(n: int) -> Vectors:
        found = centres[rng.integers(CENTRES, size=n)]
        found = found + SPREAD * rng.normal(size=(n, WIDTH)).astype(np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)

    return around(MANY), around(max(ASKED.values()))


def product_search(threads: int) -> Work:
    """The store that the product makes of so many vectors."""
    from rag.dense import empty_store

    def make(vectors: Vectors) -> Any:
        store = empty_store(vectors)
        store.add(vectors)
        return store

    return _searching(threads, make)


def flat_search(threads: int) -> Work:
    """FAISS Flat."""
    import faiss

    def make(vectors: Vectors) -> Any:
        store = faiss.IndexFlatIP(vectors.shape[1])
        store.add(vectors)
        return store

    return _searching(threads, make)


def matrix_search(threads: int) -> Work:
    """Scores by blocks of one matrix product, the best of each block, then the best of those."""
    import torch

    torch.set_num_threads(threads)
    vectors, questions = (torch.from_numpy(one) for one in drawn())

    def work(job: str) -> Done:
        asked = questions[: ASKED[job]]
        scores, rows = [], []
        for at in range(0, MANY, BLOCK):
            best = (asked @ vectors[at : at + BLOCK].T).topk(K)
            scores.append(best.values)
            rows.append(best.indices + at)
        last = torch.cat(scores, 1).topk(K).indices
        found: list[Json] = torch.cat(rows, 1).gather(1, last).tolist()
        return Done(found)

    work("together")
    return work


def _searching(threads: int, make: Any) -> Work:
    import faiss

    faiss.omp_set_num_threads(threads)
    vectors, questions = drawn()
    store = make(vectors)

    def work(job: str) -> Done:
        asked = questions[: ASKED[job]]
        if job == "together":
            return Done(store.search(asked, K)[1].tolist())
        return Done([store.search(one[None], K)[1][0].tolist() for one in asked])

    store.search(questions[:3], K)
    return work
