"""Passages to vectors: the product's embedder beside sentence-transformers by its defaults."""

from collections.abc import Sequence
from pathlib import Path

from bench.lines import Measured, line
from bench.rows import sample
from bench.sides import Done, Side, Turn, Work, in_turn
from harness.device import Device, pick_device
from harness.models import resolve
from harness.types import Json
from rag.chunk import chunk_documents, count_words

WORDS, PASSAGES = 135, 64
"""About 190 tokens."""
MUST = {"bfloat16": 4.0}
PRODUCT, STOCK = "product", "sentence-transformers, defaults"


def measure() -> dict[str, Json]:
    """Passages a second, and the least cosine between both sides' vectors."""
    device = pick_device()
    ref = resolve("all-minilm-l6-v2", "embedder", Path.cwd())
    chunks = chunk_documents(sample("support-desk").documents, count_words, WORDS)
    texts = [chunk.text for chunk in chunks[:PASSAGES]]
    sides = [
        Side(PRODUCT, product_embedding, (ref.folder, device, texts)),
        Side(STOCK, stock_embedding, (ref.folder, device, texts)),
    ]
    turns = in_turn(sides, {"embed": [PRODUCT, STOCK]})["embed"]
    made = line(
        f"embedding passages of up to {WORDS} words, {device.precision}",
        "passages",
        Measured(PRODUCT, len(texts), turns[PRODUCT]),
        Measured(STOCK, len(texts), turns[STOCK]),
        agree=f"cosines at least {_least(turns):.5f}",
        must=MUST.get(device.precision),
    )
    return {"passages": len(texts), "threads": device.threads, "lines": [made]}


def _least(turns: dict[str, list[Turn]]) -> float:
    import numpy as np

    ours, stock = (np.array(turns[name][0].outputs) for name in (PRODUCT, STOCK))
    return float((ours * stock).sum(1).min())


def product_embedding(folder: Path, device: Device, texts: Sequence[str]) -> Work:
    """`rag.embed.Embedder` without its cache."""
    import torch

    from rag.embed import Embedder

    torch.set_num_threads(device.threads)
    embedder = Embedder(folder, "bench", device=device.kind, precision=device.precision)

    def work(job: str) -> Done:
        embedder.as_if_new(texts)
        return Done(embedder.embed(texts).tolist())

    embedder.embed(["What loads the model?"])
    return work


def stock_embedding(folder: Path, device: Device, texts: Sequence[str]) -> Work:
    """The library as its first example has it."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(device.threads)
    model = SentenceTransformer(str(folder), device=device.kind)

    def work(job: str) -> Done:
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return Done(vectors.tolist())

    model.encode(["What loads the model?"], show_progress_bar=False)
    return work
