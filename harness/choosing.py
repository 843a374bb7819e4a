"""Choosing a setting on dev, with what it cost written down."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from harness.types import Json
from harness.workbench import Say

CLEARLY = 1.645
"""Standard errors by which a setting that few rows decide must lead: chance does so once in 20."""


class Choice(NamedTuple):
    """The setting taken, and what was tried."""

    value: int
    effort: dict[str, Json]
    dev_score: float | None = None
    """Of the value taken; None also where it was taken without a trial."""

    def and_then(self, later: "Choice") -> dict[str, Json]:
        """What both choices cost."""
        tried = [*_listed(self), *_listed(later)]
        answers = [int(str(one.effort["dev_answers"])) for one in (self, later)]
        return {"tried": tried, "dev_answers": sum(answers)}


def choose(
    name: str,
    values: Sequence[int],
    score: Callable[[int], float | None],
    dev_rows: int,
    say: Say,
) -> Choice:
    """Take the value that scores best on dev; the smaller of equals.

    Args:
        name: of the setting.
        values: candidates, at least one; a single one is taken without a trial.
        score: dev score of a value, higher is better; None = undefined.
        dev_rows: answers that one trial costs.
        say: told about each trial.
    """
    if len(values) == 1:
        return Choice(values[0], {"tried": [], "dev_answers": 0})
    tried: list[tuple[int, float | None]] = []
    for value in sorted(values):
        say(f"Trying {name} = {value} on dev", {})
        tried.append((value, score(value)))
    best = max(tried, key=lambda one: (one[1] if one[1] is not None else float("-inf"), -one[0]))
    return Choice(
        best[0],
        {
            "tried": [{name: value, "dev_score": scored} for value, scored in tried],
            "dev_answers": dev_rows * len(tried),
        },
        best[1],
    )


def clearly_ahead(gains: Sequence[float]) -> bool:
    """Whether a setting leads another by more than chance would, row by row.

    For settings that change few answers: the best of several would else follow chance.
    """
    if len(gains) < 2:
        return False
    return fmean(gains) > CLEARLY * stdev(gains) / math.sqrt(len(gains))


def _listed(choice: Choice) -> list[Json]:
    tried = choice.effort["tried"]
    return tried if isinstance(tried, list) else []
