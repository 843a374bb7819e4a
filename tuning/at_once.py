"""How much goes through a model at once, by what it runs on; less once memory has run out."""

from typing import Final, NamedTuple

from tuning.card import KIND
from tuning.models.shared import WAVE_ROWS, WAVE_TOKENS
from tuning.recipe import MICRO_TOKENS


class AtOnce(NamedTuple):
    """Tokens and rows; `tuning.memory.Room` halves the rows where they are too many."""

    learned: int
    """Tokens of training rows; the rest of a step accumulates."""
    answered: int
    """Tokens that a wave of answers may hold."""
    answers: int
    """Rows that a wave of answers may have."""
    read: int
    """Tokens that are only read."""
    readings: int
    """Rows that are only read, so that those who wait hear from it."""


CPU: Final = AtOnce(MICRO_TOKENS, WAVE_TOKENS, WAVE_ROWS, 8_192, 32)
"""Measured best on two cores, or as good as more."""
CARD: Final = AtOnce(16_384, 65_536, 256, 65_536, 256)
"""Not measured: so many that a card is at work longer than it is waiting to be told what to do."""


def at_once(kind: str) -> AtOnce:
    """What suits a device: ``cpu`` or ``cuda``."""
    return CARD if kind == KIND else CPU
