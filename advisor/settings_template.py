"""Settings that dev chooses, as remarks in a new rungwise.toml: what may stand there instead."""

from collections.abc import Iterator
from typing import Any

import tomlkit

from harness.closed_answers import CLOSED
from harness.types import Kind
from rag.retrievers import RETRIEVERS

_HEAD = "Chosen on dev. To decide one yourself, take the first # of its line away."


def chosen_on_dev(kind: Kind, *, documents: bool) -> Iterator[tuple[str, Any]]:
    """Section by section, those that this task can have.

    Args:
        kind: of task.
        documents: whether there are any to look things up in.
    """
    if documents:
        yield (
            "retrieval",
            _remarks(
                f'retriever = "hybrid"   # {" | ".join(RETRIEVERS)}: how passages are looked up',
                "passages = 3           # before each question, of 80 words unless said below",
                "passage_words = 80     # the longest passage, in words",
                'reranker = "FOLDER"     # a cross-encoder that orders anew; slow on a CPU',
                'context = "passage"     # passage | window | section: what is shown of each found',
                'rerank = "dev"          # dev | always: used only where dev is better, or always',
            ),
        )
    yield (
        "prompt",
        _remarks(
            "examples = 3           # worked examples that few_shot shows",
            'proposer = "openai:URL#MODEL"   # a stronger model to ask for instructions: it is '
            "sent 8 training rows",
        ),
    )
    if kind in CLOSED:
        yield (
            "decoding",
            _remarks(
                'constrained = "dev"    # dev | always | never: only allowed answers can be written'
            ),
        )


def _remarks(*lines: str) -> Any:
    table = tomlkit.table()
    for line in (_HEAD, *lines):
        table.add(tomlkit.comment(line))
    return table
