"""How likely a model finds texts that are given, in batches that fit into memory."""

from collections.abc import Iterator, Sequence
from typing import Final

from tuning.at_once import AtOnce, at_once
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.models.base import LanguageModel, Reading
from tuning.models.shared import waves
from tuning.schedule import micro_batches

READING: Final = "reading"
"""What `tuning.memory.Room` counts rows under that are only read."""


def read_all(
    model: LanguageModel, rows: Sequence[Encoded], budget: int | None = None
) -> Iterator[list[tuple[int, Reading]]]:
    """Read every row once; yields batches of (place in `rows`, what the model makes of it).

    Args:
        model: with its adapter, or without one.
        rows: each with a prompt of one token at least; none longer than the model's context.
        budget: tokens at once, padding included; by default what suits the model's device.

    Raises:
        TuningError: memory has no room for a single row.
    """
    lengths, sizes = [len(row.prompt) + len(row.completion) for row in rows], _sizes(model)
    cut = waves(lengths, budget or sizes.read, sizes.readings)

    def read(wave: list[int]) -> list[Reading]:
        return model.read([rows[at] for at in wave])

    for wave, found in model.room.through(READING, cut, read):
        yield list(zip(wave, found, strict=True))


def mean_loss(model: LanguageModel, rows: Sequence[Encoded], budget: int | None = None) -> float:
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

    parts = micro_batches(rows, budget or _sizes(model).read)
    return sum(found for _, found in model.room.through(READING, parts, loss)) / learned


def _sizes(model: LanguageModel) -> AtOnce:
    return at_once(model.device.type)


def as_text(ids: Sequence[int], most: int) -> Encoded:
    """A text by itself, of which the first token is given and the rest is to be foretold."""
    return Encoded(list(ids[:1]), list(ids[1:most]))
