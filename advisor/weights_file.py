"""Sections ``[weights]`` and ``[values]`` of rungwise.toml, read strictly: all problems at once."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from advisor.criteria import MOST, Overrides, Scale, criteria, judged_criteria
from advisor.weights import EVERYBODY, Person
from harness.errors import Problem
from harness.rungs import LADDER, rungs

SCALED = ("cost", "latency")
"""Criteria whose scale a project may set."""
_WEIGHTS = "rungwise.toml, [weights]"
_VALUES = "rungwise.toml, [values]"


class ReadWeights(NamedTuple):
    """Who has a say, and what is wrong with what they wrote."""

    people: tuple[Person, ...]
    """Empty where nothing is written: then the answers propose weights."""
    problems: tuple[Problem, ...]


class ReadValues(NamedTuple):
    """What the project says instead of the table, and what is wrong with it."""

    overrides: Overrides
    problems: tuple[Problem, ...]


def read_weights(raw: object) -> ReadWeights:
    """One set of weights, or a table a person; never both.

    Args:
        raw: as the TOML reader gives it.
    """
    if not isinstance(raw, dict):
        return ReadWeights((), (Problem("weights is a value, not a section", "write [weights]",
                                        "rungwise.toml"),))  # fmt: skip
    named = {name: table for name, table in raw.items() if isinstance(table, dict)}
    shared = {name: value for name, value in raw.items() if name not in named}
    if named and shared:
        fix = (
            f"give {', '.join(shared)} to a person as well, or keep one set without "
            f"[weights.{next(iter(named))}]"
        )
        said = "both one set of weights and weights of single people are given"
        return ReadWeights((), (Problem(said, fix, _WEIGHTS),))
    problems: list[Problem] = []
    people = []
    for name, table in (named or ({EVERYBODY: shared} if shared else {})).items():
        where = f"rungwise.toml, [weights.{name}]" if name else _WEIGHTS
        found, wrong = _weights(table, where)
        problems += wrong
        people.append(Person(name, found))
    if not problems:
        problems += _missing(people)
    return ReadWeights(() if problems else tuple(people), tuple(problems))


def _weights(table: Mapping[str, Any], where: str) -> tuple[dict[str, float], list[Problem]]:
    """One person's weights."""
    known = [one.key for one in criteria()]
    problems, found = [], {}
    for key, value in table.items():
        if key not in known:
            problems.append(_unknown(key, known, "criterion", where))
        elif not _is_number(value) or not 0 <= value <= MOST:
            said = f"the weight of {key} cannot be {_shown(value)}"
            problems.append(
                Problem(said, f"write a number from 0 (does not matter) to {MOST}", where)
            )
        else:
            found[key] = float(value)
    if not problems and not any(found.values()):
        said = "all weights are 0, so nothing matters"
        problems.append(Problem(said, "give at least one criterion more than 0", where))
    return found, problems


def _missing(people: Iterable[Person]) -> list[Problem]:
    """What one person weighs and another says nothing about: 0 would be a guess."""
    people = list(people)
    weighed = [one.key for one in criteria() if any(one.key in p.weights for p in people)]
    return [
        Problem(
            f"{one.name} gives no weight to {key}, others do",
            f"write {key} = 0 if it does not matter to {one.name}",
            f"rungwise.toml, [weights.{one.name}]",
        )
        for one in people
        for key in weighed
        if key not in one.weights
    ]


def read_values(raw: object) -> ReadValues:
    """``latency``, ``[values.scale]``, and a table a rung with judgements of the project's own.

    Args:
        raw: as the TOML reader gives it.
    """
    if not isinstance(raw, dict):
        problem = Problem("values is a value, not a section", "write [values]", "rungwise.toml")
        return ReadValues(Overrides(), (problem,))
    problems: list[Problem] = []
    scales: dict[str, Scale] = {}
    judged: dict[str, dict[str, float]] = {}
    latency: Literal["p50", "p95"] = "p50"
    known = list(dict.fromkeys([*rungs(), *LADDER]))
    for key, value in raw.items():
        if key == "latency":
            if value not in ("p50", "p95"):
                fix = 'write latency = "p50" (the median) or "p95" (the slowest 5 %)'
                problems.append(Problem(f"latency cannot be {_shown(value)}", fix, _VALUES))
            latency = "p95" if value == "p95" else "p50"
        elif key == "scale":
            scales = _scales(value, problems)
        elif key not in known:
            problems.append(_unknown(key, ["latency", "scale", *known], "rung or key", _VALUES))
        elif not isinstance(value, dict):
            fix = f"write [values.{key}] and under it freshness = 0.9"
            problems.append(Problem(f"{key} is a value, not a section", fix, _VALUES))
        else:
            judged[key] = _judgements(key, value, problems)
    return ReadValues(Overrides(latency, scales, judged), tuple(problems))


def _scales(raw: object, problems: list[Problem]) -> dict[str, Scale]:
    where = "rungwise.toml, [values.scale]"
    found = {}
    for key, value in raw.items() if isinstance(raw, dict) else [("scale", raw)]:
        if isinstance(raw, dict) and key not in SCALED:
            problems.append(_unknown(key, SCALED, "scale", where))
        elif (
            not isinstance(value, list)
            or len(value) != 2
            or not all(_is_number(end) for end in value)
            or not 0 < value[0] < value[1] < math.inf
        ):
            said = f"the scale of {key} cannot be {_shown(value)}"
            fix = "write two numbers above 0, the best first: latency = [0.1, 10]"
            problems.append(Problem(said, fix, where))
        else:
            found[key] = Scale(float(value[0]), float(value[1]))
    return found


def _judgements(rung: str, raw: Mapping[str, Any], problems: list[Problem]) -> dict[str, float]:
    where = f"rungwise.toml, [values.{rung}]"
    measured = [one.key for one in criteria() if one.kind == "measured"]
    found = {}
    for key, value in raw.items():
        if key in measured:
            fix = f"remove it; judged are {', '.join(judged_criteria())}"
            problems.append(Problem(f"{key} is measured, not judged", fix, where))
        elif key not in judged_criteria():
            problems.append(_unknown(key, judged_criteria(), "criterion", where))
        elif not _is_number(value) or not 0 <= value <= 1:
            fix = "write a number from 0 (bad) to 1 (good)"
            problems.append(Problem(f"{key} cannot be {_shown(value)}", fix, where))
        else:
            found[key] = float(value)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return repr(value)[:60]


def _unknown(name: str, known: Iterable[str], what: str, where: str) -> Problem:
    listed = list(known)
    hint = "".join(f"did you mean {near}? " for near in get_close_matches(name, listed, 1, 0.4))
    return Problem(f"there is no {what} {name!r}", f"{hint}known: {', '.join(listed)}", where)
