"""What looking passages up will take: embedding them once, and the reranker's second look.

Both read as fast as the language model does, for each operation.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from harness.effort import CHUNK_WORDS, Effort
from harness.passage_size import MOST_PASSAGES
from harness.speed import Speed
from harness.types import Task
from harness.work import Amounts
from rag.rerank import POOL
from tuning.sizes import ModelSizes

ENDING_S: Final = 1.0
"""Seconds a cell takes beside its work."""
EMBEDDING_S: Final = 7.0
"""Seconds to import and open the embedder; a reranker takes as long."""
EMBEDDER_BYTES: Final = 0.4e9
"""What a process holds more once it has opened the embedder."""
EMBEDDER_WEIGHTS: Final = 10.6e6
"""In the linear layers of all-MiniLM-L6-v2."""


def index_seconds(
    task: Task, amounts: Amounts, effort: Effort, pace: Speed, sizes: ModelSizes
) -> float:
    """Embedding questions, and all documents once for every length of passages that is tried."""
    words = sum(len(document.text.split()) for document in task.documents)
    tried = effort.passage_words
    cuts = len(tried) if words <= MOST_PASSAGES * CHUNK_WORDS else 1
    questions = (len(task.train) + len(task.dev) + len(task.heldout)) * amounts.question
    passages = words / tried[0] * amounts.passage
    operations = 2 * EMBEDDER_WEIGHTS * (questions + cuts * passages)
    return EMBEDDING_S + ENDING_S + _seconds(operations, pace, sizes)


def looked_up(needs: AbstractSet[str], task: Task) -> int:
    """Questions that a rung looks passages up for; one that trains, for its rows too."""
    if "documents" not in needs:
        return 0
    return len(task.dev) + len(task.heldout) + ("weights" in needs) * len(task.train)


def second_look(questions: int, amounts: Amounts, pace: Speed, sizes: ModelSizes) -> float:
    """Seconds that the reranker takes in one cell, as if dev took it; 0 without one."""
    if amounts.reranker is None or not questions:
        return 0.0
    tokens = POOL * questions * (amounts.question + amounts.passage)
    return EMBEDDING_S + _seconds(2 * amounts.reranker.linear * tokens, pace, sizes)


def searching_memory(needs: AbstractSet[str], amounts: Amounts) -> float:
    """Bytes that a rung's process holds beside the language model, to look things up."""
    held = EMBEDDER_BYTES if "embeddings" in needs else 0.0
    if amounts.reranker is not None and "documents" in needs:
        held += amounts.reranker.file_bytes
    return held


def _seconds(operations: float, pace: Speed, sizes: ModelSizes) -> float:
    return operations / (pace.reads * 2 * sizes.linear)
