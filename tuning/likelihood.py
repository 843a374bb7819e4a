"""How likely a model finds texts that are given, in batches that fit into memory."""

from collections.abc import Iterator, Sequence
from typing import Final

from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.models.base import LanguageModel, Reading
from tuning.models.shared import waves
from tuning.schedule import micro_batches

READING: Final = "reading"
"""What `tuning.memory.Room` counts rows under that are only read."""
BUDGET = 8_192
"""Tokens that are read at once."""
ROWS = 32
"""Rows that are read at once, so that those who wait hear from it."""


def read_all(
    model: LanguageModel, rows: Sequence[Encoded], budget: int = BUDGET
) -> Iterator[list[tuple[int, Reading]]]:
    """Read every row once; yields batches of (place in `rows`, what the model makes of it).

    Args:
        model: with its adapter, or without one.
        rows: each with a prompt of one token at least; none longer than the model's context.
        budget: tokens at once, padding included.

    Raises:
        TuningError: memory has no room for a single row.
    """
    lengths = [len(row.prompt) + len(row.completion) for row in rows]

    def read(wave: list[int]) -> list[Reading]:
        return model.read([rows[at] for at in wave])

    for wave, found in model.room.through(READING, waves(lengths, budget, ROWS), read):
        yield list(zip(wave, found, strict=True))


def mean_loss(model: LanguageModel, rows: Sequence[Encoded], budget: int = BUDGET) -> float:
    """Mean NLL per completion token, nats, without gradients.

    Raises:
        TuningError: no rows, or memory has no room for a single one.
    """
    import torch

    learned = sum(len(row.completion) for row in rows)
    if not learned:
        raise TuningError("there are no rows to score", "add examples to the dev set")

    def loss(part: list[Encoded]) -> float:
        with torch.no_grad():
            return float(model.loss(part))

    parts = micro_batches(rows, budget)
    return sum(found for _, found in model.room.through(READING, parts, loss)) / learned


def as_text(ids: Sequence[int], most: int) -> Encoded:
    """A text by itself, of which the first token is given and the rest is to be foretold."""
    return Encoded(list(ids[:1]), list(ids[1:most]))
