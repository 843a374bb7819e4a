"""The work whose growth ``bench.growth`` measures, each at a size, in a process of its own.

Every function gives the seconds of the part that grows; what is set up for it is not counted.
"""

import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.tiny import TINY, open_engine, random_ids, random_llama, random_rows
from harness.metrics import metric
from harness.scoring import item_scores
from harness.store import Run
from harness.types import Answer, Example, TaskSpec
from rag.chunk import Chunk
from rag.embed import Embedder, Vectors
from rag.index import Index
from rag.roles import QUERY, Role
from tuning.outcome import Evaluated
from tuning.recipe import Recipe, adapter_shape
from tuning.train import train

PROMPT, NEW_TOKENS = 60, 8
ROW, LEARNED = 40, 4
WORDS, VOCABULARY, WIDTH, ASKED = 80, 20_000, 384, 100
KEPT_TOGETHER = 16
SHAPES = {5: (5, 1), 10: (5, 2), 20: (5, 4), 40: (8, 5)}
"""Cells of an experiment to its rungs and seeds."""
ITEMS = 1_000


def answers(size: int) -> float:
    """Prompts answered by a tiny model, kept as they come, read back and scored."""
    draw = random.Random(0)
    prompts = [random_ids(draw, draw.randint(40, PROMPT), TINY["vocab_size"]) for _ in range(size)]
    examples = [Example(f"q{at}", "", (str(at),)) for at in range(size)]
    spec = TaskSpec("growth", "answer", "Answer.")
    with tempfile.TemporaryDirectory() as folder:
        model = open_engine(random_llama(Path(folder) / "model", TINY), "float32", "cpu")
        run = Run(Path(folder) / "run")
        run.cell_file("prompt-s0").parent.mkdir(parents=True)
        started = time.perf_counter()
        held: list[Answer] = []
        for done in model.generate(prompts, NEW_TOKENS):
            held.append(Answer(f"q{done.row}", " ".join(map(str, done.ids))))
            if len(held) == KEPT_TOGETHER:
                run.append_results("prompt-s0", held, 0.0)
                held = []
        run.append_results("prompt-s0", held, 0.0)
        back = run.partial_results("prompt-s0")
        kept = {one.query_id: one for one in back if isinstance(one, Answer)}
        scored = item_scores(metric("token_f1_score"), examples, kept, spec)
        seconds = time.perf_counter() - started
    if len(scored) != size or any(one.value is None for one in scored):
        raise RuntimeError("an answer got lost")
    return seconds


class _Drawn(Embedder):
    """Random unit vectors, drawn and not embedded."""

    def __init__(self) -> None:
        super().__init__(Path(), "drawn")

    def embed(self, texts: Sequence[str], role: Role = QUERY) -> Vectors:
        """(n, WIDTH) unit vectors."""
        found = np.random.default_rng(len(texts)).normal(size=(len(texts), WIDTH))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found.astype(np.float32)


def passages(size: int) -> float:
    """Passages of drawn words indexed, saved, loaded, and asked a hundred questions."""
    draw = random.Random(0)
    words = [f"{draw.getrandbits(28):x}" for _ in range(VOCABULARY)]
    # words of a language are few and often, or many and seldom
    often = [1 / (place + 1) for place in range(VOCABULARY)]
    chunks = [
        Chunk(f"{at}", "", None, "", "", " ".join(draw.choices(words, often, k=WORDS)), 0, 0)
        for at in range(size)
    ]
    questions = [" ".join(draw.choices(words, k=8)) for _ in range(ASKED)]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        Index.build(chunks, _Drawn()).save(Path(folder))
        found = Index.load(Path(folder), _Drawn()).search(questions, 3)
        seconds = time.perf_counter() - started
    if len(found) != ASKED:
        raise RuntimeError("a question got lost")
    return seconds


def training(size: int) -> float:
    """One epoch of a tiny model on rows of 40 tokens."""
    rows = random_rows(size, ROW, LEARNED, TINY["vocab_size"])
    recipe = Recipe(adapter_shape(size), 1e-3, 1.0, evaluations=1)
    with tempfile.TemporaryDirectory() as folder:
        model = open_engine(random_llama(Path(folder) / "model", TINY), "float32", "cpu")
        started = time.perf_counter()
        train(model, rows, recipe, Path(folder) / "adapter", lambda: Evaluated(None, 1.0))
        return time.perf_counter() - started


def cells(size: int) -> float:
    """The statistics of an experiment of so many rungs times seeds, 1,000 items each."""
    from bench.statistics import compared_s

    rungs, seeds = SHAPES[size]
    rng = np.random.default_rng(0)
    ability = rng.normal(0, 1, ITEMS)
    rows = rng.normal(0, 0.7, (rungs + 1, seeds, ITEMS)) + ability
    return compared_s(1 / (1 + np.exp(-rows)), None)
