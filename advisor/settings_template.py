"""Settings that are chosen unless the user does it, as remarks in a new rungwise.toml."""

from collections.abc import Iterator
from typing import Any

import tomlkit

from harness.closed_answers import CLOSED
from harness.proposing import KEY, SHOWN
from harness.types import Kind
from rag.retrievers import RETRIEVERS

_ON_DEV = "Chosen on dev. To decide one yourself, take the first # of its line away."
_TRAINING = "Chosen by your data, the model and dev. To decide one yourself, do the same here."


def chosen_unless_decided(kind: Kind, *, documents: bool, pairs: bool) -> Iterator[tuple[str, Any]]:
    """Section by section, those that this task can have.

    Args:
        kind: of task.
        documents: whether there are any to look things up in.
        pairs: whether there are preference pairs to learn from.
    """
    if documents:
        yield (
            "retrieval",
            remarks(
                _ON_DEV,
                f'retriever = "hybrid"   # {" | ".join(RETRIEVERS)}: how passages are looked up',
                "passages = 3           # before each question, of 80 words unless said below",
                "passage_words = 80     # the longest passage, in words",
                'reranker = "FOLDER"     # a cross-encoder that orders anew; slow on a CPU',
                'reranker_revision = "…"  # the commit of a hub id',
                "context_tokens = 400    # of passages at most; else what fits beside the question",
                'context = "passage"     # passage | window | section: what is shown of each found',
                'rerank = "dev"          # dev | always: used only where dev is better, or always',
            ),
        )
    yield (
        "prompt",
        remarks(
            _ON_DEV,
            "examples = 3           # worked examples, for few_shot and searched_prompt",
            'proposer = "openai:URL#MODEL"   # a stronger model to ask for instructions: it is '
            f"sent {SHOWN} training rows; its key, if any: {KEY}",
        ),
    )
    held = 'constrained = "dev"   # dev | always | never: only allowed answers can be written'
    yield (
        "decoding",
        remarks(
            *((_ON_DEV, held) if kind in CLOSED else ()),
            "answer_tokens = 900   # no answer is longer; else a quarter above your longest one",
        ),
    )
    yield (
        "tuning",
        remarks(
            _TRAINING,
            'method = "lora"   # lora | qlora | full: adapter; the same on 4 bits; all weights',
            "learning_rate = 0.0005   # else the best of several on dev",
            "epochs = 3               # passes over the training rows at most",
            "batch_rows = 8           # rows a step",
            "rank = 16                # of the adapter",
            "alpha = 32               # what the adapter adds counts alpha / rank times",
            "warmup_share = 0.1       # of the steps, those in which the learning rate rises",
            "looks = 6                # at dev during one training",
            "patience = 2             # looks without improvement after which training stops",
            "processes = 2            # that share every step, one a card; not yet run on cards",
        ),
    )
    if pairs:
        yield "preference", _of_pairs()


def _of_pairs() -> Any:
    return remarks(
        _TRAINING,
        "beta = 0.1               # the smaller, the farther it may leave the fine-tuned model",
        "learning_rate = 0.0001   # else a third of fine-tuning's, from 0.4B parameters on a tenth",
        "epochs = 1               # passes over the pairs at most",
    )


def remarks(*lines: str) -> Any:
    """A section in which nothing is set: each line a remark."""
    table = tomlkit.table()
    for line in lines:
        table.add(tomlkit.comment(line))
    return table
