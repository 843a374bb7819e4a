"""Choosing a setting on dev, with what it cost written down.

One rule for all settings: the first of the candidates needs no reason, another one is taken where
it leads the first by more than one standard error of the paired difference. That is less than a
test would ask for: of two equal settings, the second leads by so much about once in six times.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, Generic, NamedTuple, TypeVar

from harness.scoring import Scored
from harness.types import Json
from harness.workbench import Say

CLEARLY = 1.645
"""Standard errors by which a setting that changes few answers must lead: chance does so once in
20."""


T = TypeVar("T", bool, int, str)


class Choice(NamedTuple, Generic[T]):
    """The setting taken, and what was tried."""

    value: T
    effort: dict[str, Json]
    scored: Scored | None = None
    """Of the value taken; None where it was taken without a trial."""


def choose(
    name: str,
    values: Sequence[T],
    score: Callable[[T], Scored],
    say: Say,
    known: Mapping[T, Scored] | None = None,
    words: Mapping[T, str] | None = None,
) -> Choice[T]:
    """Take the first value, unless another one is better on dev (`taken`).

    Args:
        name: of the setting.
        values: candidates, at least one, the usual one first; a single one is taken without a
            trial.
        score: dev's score under a value.
        say: told about each trial.
        known: values that were scored before, so that dev need not be answered again.
        words: what is tried, where the setting's name and value do not read well.
    """
    if len(values) == 1:
        return Choice(values[0], {"tried": [], "dev_answers": 0})
    tried: list[Scored] = []
    cost = 0
    for value in values:
        found = (known or {}).get(value)
        if found is None:
            say(f"Trying {(words or {}).get(value, f'{name} = {value}')} on dev", {})
            found = score(value)
            cost += len(found.rows)
        tried.append(found)
    at = taken([one.rows for one in tried])
    listed: list[Json] = [
        {name: value, "dev_score": one.score} for value, one in zip(values, tried, strict=True)
    ]
    return Choice(values[at], {"tried": listed, "dev_answers": cost}, tried[at])


def taken(settings: Sequence[Sequence[float | None]], errors: float = 1.0) -> int:
    """Which of several settings to take: the first, unless another one is clearly ahead of it.

    Of several that are ahead of the first by more than so many standard errors of the paired
    difference, the one that is farthest ahead.

    Args:
        settings: what each question scores under each setting, higher is better; None leaves the
            question out. The usual or simplest setting stands first.
        errors: standard errors.
    """
    best, lead = 0, 0.0
    for at, rows in enumerate(settings[1:], 1):
        pairs = zip(rows, settings[0], strict=True)
        gains = [new - old for new, old in pairs if new is not None and old is not None]
        if clearly_ahead(gains, errors) and fmean(gains) > lead:
            best, lead = at, fmean(gains)
    return best


def clearly_ahead(gains: Sequence[float], errors: float) -> bool:
    """Whether a setting leads another by so many standard errors of the difference, row by row.

    A lead of one answer is exactly one standard error, and is none.
    """
    if len(gains) < 2:
        return False
    least = errors * stdev(gains) / math.sqrt(len(gains))
    return fmean(gains) > least and not math.isclose(fmean(gains), least)


def together(choices: Sequence[Choice[Any]]) -> dict[str, Json]:
    """What several choices, one after the other, tried and cost."""
    return {
        "tried": [one for choice in choices for one in choice.effort["tried"]],
        "dev_answers": sum(choice.effort["dev_answers"] for choice in choices),
    }
