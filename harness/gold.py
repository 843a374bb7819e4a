"""Which passages hold the answers to the held-out questions, for the ceilings alone.

Telling that takes the right answers, so it is done by the process that runs the check and may read
them, just before a ceiling's cell. What it leaves for that cell holds ids of passages and nothing
of an answer; no rung opens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.disk import read_lines, write_lines
from harness.retrieval import CHUNK_WORDS, evidence, holds_answer, right_passages
from harness.store import Run
from harness.types import Example
from rag.chunk import chunk_documents, count_words
from rag.types import Document

MOST = 100
"""Passages kept of one question: where more hold a short answer, it stands there by chance."""


@dataclass(frozen=True, slots=True)
class Gold:
    """The passages that answer one held-out question."""

    query_id: str
    passages: tuple[str, ...]
    """Ids of the chunks, in the order of the documents."""
    by_document: bool
    """Only the right document is known, so these are all of its passages."""


def known(examples: Sequence[Example]) -> bool:
    """Whether of any of these questions it can be told which passages answer it."""
    return any(holds_answer(example, ()) is not None for example in examples)


def gold_of(
    examples: Sequence[Example], documents: Sequence[Document], words: int = CHUNK_WORDS
) -> list[Gold]:
    """The gold passages of the questions that have any.

    Args:
        examples: with their right answers.
        documents: cut as the index cuts them.
        words: length of a passage.
    """
    chunks = chunk_documents(documents, count_words, words)
    asked = [example for example in examples if holds_answer(example, ()) is not None]
    return [
        Gold(example.id, tuple(chunks[row].id for row in rows[:MOST]), not evidence(example))
        for example, rows in zip(asked, right_passages(chunks, asked), strict=True)
        if rows
    ]


def hand_over(run: Run, name: str, words: int = CHUNK_WORDS) -> None:
    """Leave a ceiling the passages it is to be given.

    Args:
        run: the references are read here.
        name: of the ceiling.
        words: length of the passages that the rung it is the ceiling of reads.
    """
    found = gold_of(run.heldout(), run.view().documents, words)
    write_lines(run.folder / "data" / f"{name}.jsonl", found)


def handed_over(run: Run, name: str) -> list[Gold]:
    """What was left for a ceiling."""
    return list(read_lines(run.folder / "data" / f"{name}.jsonl", Gold))
