"""The figure that a diagnosis is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A share, a mean score or a difference of two, with its 95 % interval."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Questions it rests on."""
