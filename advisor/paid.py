"""What is paid for and what it comes to, as far as it has a price. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from advisor.prices import Prices
from harness.experiment import ArmResult

HOUR_S = 3600.0


class Part(NamedTuple):
    """An amount and what it is for."""

    words: str
    amount: float


def machine_price(arm: ArmResult, prices: Prices) -> float | None:
    """An hour of the user's machine, where it answers: nobody says what a provider's costs."""
    return None if arm.path == "endpoint" else prices.machine_per_hour


def times(price: float | None, amount: float | None) -> float | None:
    """What an amount costs; None where the price or the amount is not known."""
    return None if price is None or amount is None else price * amount


def known(*parts: tuple[str, float | None]) -> tuple[Part, ...]:
    """The parts that have a price."""
    return tuple(Part(words, amount) for words, amount in parts if amount is not None)


def total(parts: Sequence[Part]) -> float | None:
    """Their sum; None where nothing has a price."""
    return sum(part.amount for part in parts) if parts else None
