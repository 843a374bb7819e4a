"""Reads the questionnaire and the worked cases from TOML, and names every entry that is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from advisor.question_types import (
    DONT_KNOW,
    Block,
    Candidate,
    Cap,
    Case,
    Condition,
    Contradiction,
    Experiment,
    Gate,
    Option,
    Question,
    Questionnaire,
    Require,
    unknown,
)
from harness.errors import Problem, UserError

Table = dict[str, Any]
T = TypeVar("T")


def load_questionnaire(path: Path) -> Questionnaire:
    """Read and check a questionnaire.

    Raises:
        UserError: The file is not TOML, or entries are wrong; every wrong entry is named.
    """
    tables = entry(
        read_toml(path),
        path.name,
        {"candidate": list, "question": list},
        {"experiment": list, "contradiction": list},
    )
    candidates = _each(path.name, "candidate", tables["candidate"], _candidate)
    known = [candidate.key for candidate in candidates]
    asked: dict[str, Question] = {}

    def question(raw: object, where: str) -> Question:
        parsed = _question(raw, where, known, asked)
        asked[parsed.key] = parsed
        return parsed

    def experiment(raw: object, where: str) -> Experiment:
        return _experiment(raw, where, known, asked)

    def contradiction(raw: object, where: str) -> Contradiction:
        return _contradiction(raw, where, asked)

    return Questionnaire(
        candidates,
        _each(path.name, "question", tables["question"], question),
        _each(path.name, "experiment", tables.get("experiment", []), experiment),
        _each(path.name, "contradiction", tables.get("contradiction", []), contradiction),
    )


def load_cases(path: Path, questionnaire: Questionnaire) -> tuple[Case, ...]:
    """Read worked cases and check them against a questionnaire.

    Raises:
        UserError: The file is not TOML, or cases are wrong; every wrong case is named.
    """

    def case(raw: object, where: str) -> Case:
        return _case(raw, where, questionnaire)

    return _each(path.name, "case", entry(read_toml(path), path.name, {"case": list})["case"], case)


def read_toml(path: Path) -> Table:
    """The tables of a TOML file.

    Raises:
        UserError: The file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _wrong(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path.name, f"not TOML ({error})", "mend the place named") from error


def entry(
    raw: object,
    where: str,
    needed: Mapping[str, type],
    optional: Mapping[str, type] = MappingProxyType({}),
) -> Table:
    """A table of TOML, checked to hold these keys and no others, each of its type and not empty.

    Args:
        raw: What stands in the file.
        where: How an error names the place.
        needed: Keys that must be there, with the type of their values.
        optional: Keys that may be there.

    Raises:
        UserError: What is wrong, at this place.
    """
    if not isinstance(raw, dict):
        raise _wrong(where, "this is not a table", "write it as [table] or { … }")
    kinds = {**needed, **optional}
    for key, value in raw.items():
        if key not in kinds:
            raise UserError(unknown("key", key, kinds, where))
        # `type(…) is`, because True is an int and would pass as one point.
        if type(value) is not kinds[key] and not (kinds[key] is float and type(value) is int):
            raise _wrong(where, f"{key} is {value!r}", f"it must be of type {kinds[key].__name__}")
        if value == "":
            raise _wrong(where, f"{key} is empty", "fill it in")
    missing = [key for key in needed if key not in raw]
    if missing:
        raise _wrong(where, f"missing: {', '.join(missing)}", "add what is missing")
    return raw


def _candidate(raw: object, where: str) -> Candidate:
    table = entry(raw, where, {"key": str, "title": str, "baseline": int, "because": str})
    return Candidate(**table)


def _question(
    raw: object, where: str, known: Collection[str], asked: Mapping[str, Question]
) -> Question:
    texts = dict.fromkeys(("key", "text", "example", "why", "find_out"), str)
    table = entry(
        raw,
        where,
        {**texts, "row": int, "option": list},
        {"decisive": bool, "from_data": str, "ask_if": dict},
    )
    if table["key"] in asked:
        raise _wrong(where, "this key is taken by an earlier question", "choose another key")
    options = tuple(
        _option(option, f"{where}, {_called('option', option, place)}", known, asked)
        for place, option in enumerate(table["option"], start=1)
    )
    keys = [option.key for option in options]
    if len(keys) < 2 or len(set(keys)) < len(keys) or DONT_KNOW in keys:
        rule = f"it needs at least two options with keys of their own, none called {DONT_KNOW}"
        raise _wrong(where, f"its options are {', '.join(keys) or 'missing'}", rule)
    not_known = Option(DONT_KNOW, "I don't know", (), "what is not known moves nothing", "")
    condition = table.get("ask_if")
    return Question(
        **{name: table[name] for name in ("row", *texts)},
        options=(*options, not_known),
        decisive=table.get("decisive", False),
        from_data=table.get("from_data", ""),
        ask_if=None if condition is None else _condition(condition, where, asked),
    )


def _option(
    raw: object, where: str, known: Collection[str], asked: Mapping[str, Question]
) -> Option:
    table = entry(
        raw,
        where,
        {"key": str, "text": str, "effects": dict, "because": str, "source": str},
        {"gate": list, "knowledge": int, "behaviour": int, "from": float},
    )
    effects = entry(table["effects"], f"{where}, effects", {}, dict.fromkeys(known, int))
    return Option(
        key=table["key"],
        text=table["text"],
        effects=tuple((key, effects[key]) for key in known if key in effects),
        because=table["because"],
        source=table["source"],
        gates=tuple(_gate(gate, f"{where}, gate", known, asked) for gate in table.get("gate", [])),
        knowledge=table.get("knowledge", 0),
        behaviour=table.get("behaviour", 0),
        starts_at=table.get("from"),
    )


def _gate(raw: object, where: str, known: Collection[str], asked: Mapping[str, Question]) -> Gate:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    # The first candidate is never held back: something must be left to advise.
    rungs = list(known)[1:]
    if kind == "block":
        table = entry(raw, where, {"kind": str, "rungs": list, "lifted_by": str})
        return Block(_names(table["rungs"], "rung", rungs, where), table["lifted_by"])
    if kind == "require":
        may = {"before": list, "about": list, "or_if": dict}
        table = entry(raw, where, {"kind": str, "do": str}, may)
        before, about = (
            _names(table.get(name, []), "rung", rungs, where) for name in ("before", "about")
        )
        condition = table.get("or_if")
        or_if = None if condition is None else _condition(condition, where, asked)
        return Require(table["do"], before, about, or_if)
    if kind == "cap":
        table = entry(raw, where, {"kind": str, "rungs": list, "at_most": int})
        return Cap(_names(table["rungs"], "rung", rungs, where), table["at_most"])
    raise UserError(unknown("kind of gate", kind, ("block", "require", "cap"), where))


def _condition(raw: object, where: str, asked: Mapping[str, Question]) -> Condition:
    table = entry(raw, where, {"question": str, "is": list})
    # Only an earlier question: whether a question is asked must be settled when it comes up.
    (key,) = _names([table["question"]], "earlier question", asked, where)
    options = [option.key for option in asked[key].options]
    return Condition(key, _names(table["is"], f"option of {key}", options, where))


def _experiment(
    raw: object, where: str, known: Collection[str], asked: Mapping[str, Question]
) -> Experiment:
    texts = dict.fromkeys(("key", "text", "because", "source"), str)
    table = entry(raw, where, texts, {"separates": list, "until": dict})
    until = table.get("until")
    return Experiment(
        **{name: table[name] for name in texts},
        separates=_names(table.get("separates", []), "candidate", known, where),
        until=None if until is None else _condition(until, where, asked),
    )


def _contradiction(raw: object, where: str, asked: Mapping[str, Question]) -> Contradiction:
    table = entry(raw, where, {"first": dict, "second": dict, "text": str})
    first, second = (_condition(table[side], where, asked) for side in ("first", "second"))
    return Contradiction(first, second, table["text"])


def _case(raw: object, where: str, questionnaire: Questionnaire) -> Case:
    texts = dict.fromkeys(("key", "title", "story", "because"), str)
    parts = dict.fromkeys(("settled", "typical", "open"), dict)
    table = entry(raw, where, {**texts, "expected": list, **parts})
    problems = [p for part in parts for p in questionnaire.problems(table[part])]
    if problems:
        raise UserError(*(replace(problem, where=where) for problem in problems))
    known = [candidate.key for candidate in questionnaire.candidates]
    return Case(
        **{name: table[name] for name in texts},
        expected=_names(table["expected"], "candidate", known, where),
        settled=MappingProxyType(table["settled"]),
        typical=MappingProxyType(table["typical"]),
        open=MappingProxyType(table["open"]),
    )


def _each(
    file: str, kind: str, entries: list[object], parse: Callable[[object, str], T]
) -> tuple[T, ...]:
    """Parse every entry; report all wrong ones together."""
    parsed: list[T] = []
    problems: list[Problem] = []
    for place, raw in enumerate(entries, start=1):
        try:
            parsed.append(parse(raw, f"{file}, {_called(kind, raw, place)}"))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(*problems)
    return tuple(parsed)


def _names(values: list[object], what: str, known: Collection[str], where: str) -> tuple[str, ...]:
    """These names, each one a known one."""
    problems = [unknown(what, value, known, where) for value in values if value not in known]
    if problems:
        raise UserError(*problems)
    return tuple(str(value) for value in values)


def _called(kind: str, raw: object, place: int) -> str:
    """How an error names an entry: by its key, or by its place when it has none."""
    key = raw.get("key") if isinstance(raw, dict) else None
    return f"{kind} '{key}'" if key else f"{kind} number {place}"


def _wrong(where: str, what: str, fix: str) -> UserError:
    return UserError(Problem(what, fix, where))
