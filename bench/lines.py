"""A line of the table: ours beside a stock part, with ratio, spread, agreement, memory and load."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.sides import Turn
from harness.types import Json

NOISE = 0.15
"""By how much ratios differ from run to run on a machine that others use too."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One side's turns at a job."""

    side: str
    amount: float
    """Of work in one turn, in the line's unit: a slow side may be given less."""
    turns: Sequence[Turn]

    @property
    def rates(self) -> list[float]:
        """Work a second, by turn."""
        return [self.amount / turn.seconds for turn in self.turns]

    def record(self) -> dict[str, Json]:
        """For the JSON."""
        return {
            "side": self.side,
            "amount": self.amount,
            "per_s": [_short(rate) for rate in self.rates],
            "peak_gb": round(max(turn.peak_bytes for turn in self.turns) / 1e9, 2),
        }


def line(
    work: str, unit: str, ours: Measured, stock: Measured, *, agree: str, must: float | None
) -> dict[str, Json]:
    """A line as it is kept.

    Args:
        work: what was done, on how many rows.
        unit: of the amounts.
        ours: turns of this project.
        stock: turns of the stock part, in the same rounds.
        agree: how far outputs or losses are the same, in words and figures.
        must: the ratio to be reached; None where none is set for this precision.
    """
    ratios = [a / b for a, b in zip(ours.rates, stock.rates, strict=True)]
    known = [t.others for one in (ours, stock) for t in one.turns if t.others is not None]
    return {
        "work": work,
        "unit": f"{unit}/s",
        "ours": ours.record(),
        "stock": stock.record(),
        "ratio": {
            "median": _short(statistics.median(ratios)),
            "least": _short(min(ratios)),
            "most": _short(max(ratios)),
        },
        "must": must,
        "agreement": agree,
        "others_busy_cores": round(statistics.mean(known), 2) if known else None,
    }


def same(ours: Sequence[Json], stock: Sequence[Json], what: str) -> str:
    """How many of the outputs that both sides gave are the same."""
    pairs = list(zip(ours, stock, strict=False))
    return f"{sum(a == b for a, b in pairs)} of {len(pairs)} {what} the same"


def apart(ours: Sequence[float], stock: Sequence[float], what: str) -> str:
    """The largest difference of outputs that are numbers."""
    most = max(abs(a - b) for a, b in zip(ours, stock, strict=True))
    return f"{what} within {most:.1g}"


def _short(value: float) -> float:
    """Three digits: more would be noise."""
    return float(f"{value:.3g}")
