"""Which passages hold the answers to the held-out questions, for the ceilings alone.

Telling that takes the right answers, so it is done by the process that runs the check and may read
them, just before a ceiling's cell. What it leaves for that cell holds ids of passages and nothing
of an answer; no rung opens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.disk import read_lines, write_lines
from harness.effort import CHUNK_WORDS
from harness.retrieval import evidence, holds_answer, passages_of, right_passages
from harness.store import Run
from harness.types import Example, TaskSpec
from rag.types import Document

FILE = "oracle.jsonl"
"""In the run's data folder, for every ceiling of the run."""


@dataclass(frozen=True, slots=True)
class Gold:
    """The passages that answer one held-out question."""

    query_id: str
    passages: tuple[str, ...]
    """Ids of the chunks, in the order of the documents."""
    by_document: bool
    """Only the right document is known, so these are all of its passages."""


def known(examples: Sequence[Example], spec: TaskSpec) -> bool:
    """Whether of any of these questions it can be told which passages answer it."""
    return any(holds_answer(example, (), spec) is not None for example in examples)


def gold_of(
    examples: Sequence[Example],
    documents: Sequence[Document],
    spec: TaskSpec,
    words: int = CHUNK_WORDS,
) -> list[Gold]:
    """The gold passages of the questions that have any, of documents cut as the index cuts them."""
    chunks = passages_of(documents, words)
    asked = [example for example in examples if holds_answer(example, (), spec) is not None]
    return [
        Gold(example.id, tuple(chunks[row].id for row in rows), not evidence(example, spec))
        for example, rows in zip(asked, right_passages(chunks, asked, spec), strict=True)
        if rows
    ]


def hand_over(run: Run) -> None:
    """Leave the ceilings the passages they are to be given; the references are read here."""
    file = run.folder / "data" / FILE
    if not file.is_file():
        view, words = run.view(), run.passage_size().words
        write_lines(file, gold_of(run.heldout(), view.documents, view.spec, words))


def handed_over(run: Run) -> list[Gold]:
    """What was left for the ceilings."""
    return list(read_lines(run.folder / "data" / FILE, Gold))
