"""One dial from which every rung takes how hard it tries; recorded with the results."""

from dataclasses import dataclass, replace
from typing import Any

from harness.given import NOTHING, Given
from harness.plugins import pick
from harness.prompts import LAST, LAYOUTS
from rag.widen import PASSAGE, WINDOW
from tuning.recipe import TuningSettings

CHUNK_WORDS = 80
"""Longest passage, in words, where no other is chosen: about 110 tokens. Small readers use short
passages best."""
SIZES = (CHUNK_WORDS, 40, 120, 160)


@dataclass(frozen=True, slots=True)
class Effort:
    """What may be tried on dev, per rung."""

    name: str
    dev_rows: int
    """Dev examples that settings are compared on, at most."""
    demonstrations: tuple[int, ...]
    """Numbers of worked examples that few_shot tries; the first needs no reason."""
    passages: tuple[int, ...]
    """Numbers of passages that rag tries; the first needs no reason."""
    learning_rates: int
    """How many learning rates fine-tuning tries."""
    epochs: float
    """Passes over the training rows at most."""
    evaluations: int
    """Looks at dev during one training run."""
    retrievers: tuple[str, ...] = ("hybrid",)
    """Ways to look passages up that are compared by recall; the first needs no reason."""
    reading_examples: tuple[int, ...] = (0,)
    """Numbers of worked examples, each with its passages, that rag tries."""
    fixed_examples: int = 0
    """Fixed sets of worked examples that few_shot tries beside the nearest ones; 0 tries nothing
    but those."""
    example_orders: bool = False
    """Whether it also tries them in the other order."""
    passage_words: tuple[int, ...] = (CHUNK_WORDS,)
    """Longest passages, in words, that are compared before indexing."""
    abstains: bool = False
    """Whether rag tries to abstain where no passage comes near; costs no answer of the model."""
    layouts: tuple[str, ...] = (LAST,)
    """Layouts of passages that rag tries; the first needs no reason."""
    contexts: tuple[str, ...] = (PASSAGE,)
    """What rag tries to show of a passage found; see `rag.widen`."""
    pair_epochs: float = 1
    """Passes over the preference pairs at most."""
    prompts: int = 6
    """Prompts that searched_prompt tries, the plain one too."""
    batch_rows: int | None = None
    """Rows of an optimiser step; None leaves it to the amount of data."""


ALL_WAYS = ("hybrid", "bm25", "dense")

EFFORTS = {
    effort.name: effort
    for effort in (
        Effort("quick", 32, (3,), (2,), 1, 2, 2),
        Effort(
            "normal",
            48,
            (2, 4),
            (2, 1, 3),
            2,
            4,
            5,
            ALL_WAYS,
            (0, 2),
            2,
            passage_words=SIZES,
            abstains=True,
            pair_epochs=2,
            prompts=12,
        ),
        Effort(
            "thorough",
            96,
            (3, 1, 5, 8),
            (2, 1, 3, 5),
            3,
            8,
            8,
            ALL_WAYS,
            (0, 2, 4),
            4,
            True,
            passage_words=SIZES,
            abstains=True,
            layouts=LAYOUTS,
            contexts=(PASSAGE, WINDOW),
            pair_epochs=3,
            prompts=18,
        ),
    )
}


def effort(name: str) -> Effort:
    """One effort by name.

    Raises:
        UserError: unknown; the fix lists the names.
    """
    return pick(EFFORTS, name, "effort", "effort")


def effort_of(name: str, tuning: TuningSettings, given: Given = NOTHING) -> Effort:
    """One effort by name, with what the user decides in its place.

    Raises:
        UserError: unknown; the fix lists the names.
    """
    found = replace(effort(name), batch_rows=tuning.batch_rows)
    if tuning.looks is not None:
        found = replace(found, evaluations=tuning.looks)
    if tuning.epochs is not None:
        found = replace(found, epochs=tuning.epochs)
    if tuning.learning_rate is not None:
        found = replace(found, learning_rates=1)
    looked_up, words = given.retrieval, given.retrieval.passage_words
    if looked_up.passages and not words:
        words = CHUNK_WORDS  # lengths are compared at equal words, which a fixed number cannot show
    alone = {
        "retrievers": looked_up.retriever,
        "passages": looked_up.passages,
        "contexts": looked_up.context,
        "passage_words": words,
        "demonstrations": given.prompt.examples,
    }
    decided: dict[str, Any] = {name: (value,) for name, value in alone.items() if value}
    return replace(found, **decided)
