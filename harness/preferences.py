"""Preference pairs: the user's rows to pairs, and pairs to those learned from and those held out.

A pair is a question with two answers of which somebody marked the better one.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data import HALF_LETTER, LEAVE_OUT, text_of, unique_ids
from harness.data_columns import PairColumns, check, complete
from harness.data_files import Row, read_rows
from harness.errors import Problem
from harness.split import at_most, tied, without_leaks
from harness.types import Example, PairQuery, Preference, Preferences

FEWEST = 20
"""Pairs to learn from below which nothing is trained: two or three steps say nothing."""
USUAL = 200
"""Pairs from which published recipes begin."""
HELDOUT, MOST_HELDOUT = 0.25, 200
DEV, MOST_DEV = 0.15, 96
"""Shares of the pairs that are held out and that states are chosen by, and the most of each."""
LEAST_MEASURED = 10
"""Pairs of each of these parts, where there are three times as many."""


class ImportedPairs(NamedTuple):
    """What a file gave."""

    pairs: tuple[Preference, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Rows that cannot be used, each with its number; any of them stops a check."""
    columns: PairColumns = PairColumns()
    """The mapping in use."""
    names: tuple[str, ...] = ()
    """Of all columns in the file."""
    left_out: tuple[Problem, ...] = ()
    """What is missing in rows that were left out, as the user allows it; one a row."""


class CutPairs(NamedTuple):
    """Pairs in their parts."""

    parts: Preferences = Preferences()
    leaked: tuple[Preference, ...] = ()
    """Left out because their question or their group is held out."""


def import_preferences(
    path: Path, columns: PairColumns, shown: str = "", *, leave_out: bool = False
) -> ImportedPairs:
    """Read pairs.

    Args:
        path: see `harness.data_files.read_rows`.
        columns: the mapping; what it leaves open is detected.
        shown: the file's name in problems.
        leave_out: rows without a question or one of the answers, instead of refusing them.
    """
    shown = shown or str(path)
    read = read_rows(path, shown)
    problems = list(read.problems)
    if not read.rows:
        return ImportedPairs((), tuple(problems), columns)
    names = tuple(dict.fromkeys(name for row in read.rows for name in row.fields))
    columns = complete(columns, names)
    missing = check(columns, names, shown)
    if missing:
        return ImportedPairs((), (*problems, *missing), columns, names)
    pairs, left_out = [], []
    for row in read.rows:
        where, found = f"{shown}, row {row.number}", _gaps(row, columns)
        if found and leave_out:
            left_out.append(Problem(*found[0], where))
            continue
        found += _row_problems(row, columns)
        problems.extend(Problem(said, fix, where) for said, fix in found)
        if not found:
            pairs.append(_pair(row, columns, Path(shown).stem))
    return ImportedPairs(unique_ids(pairs), tuple(problems), columns, names, tuple(left_out))


def _pair(row: Row, columns: PairColumns, stem: str) -> Preference:
    fields = row.fields
    return Preference(
        id=(text_of(fields.get(columns.id)) if columns.id else "") or f"{stem}-{row.number}",
        question=text_of(fields.get(columns.question)),
        chosen=text_of(fields.get(columns.chosen)),
        rejected=text_of(fields.get(columns.rejected)),
        group=text_of(fields.get(columns.group)) if columns.group else "",
    )


def _gaps(row: Row, columns: PairColumns) -> list[tuple[str, str]]:
    """What a row lacks: its question, or one of the two answers."""
    names = (columns.question, columns.chosen, columns.rejected)
    return [
        (f"no {name}", f"fill it in, or {LEAVE_OUT}")
        for name in names
        if not text_of(row.fields.get(name))
    ]


def _row_problems(row: Row, columns: PairColumns) -> list[tuple[str, str]]:
    """What is wrong with what a row has."""
    chosen, rejected = (text_of(row.fields.get(n)) for n in (columns.chosen, columns.rejected))
    found = []
    if chosen and " ".join(chosen.split()) == " ".join(rejected.split()):
        found.append(
            (
                f"{columns.chosen} and {columns.rejected} are the same",
                "a pair needs two answers that differ: mend one of them or leave the row out",
            )
        )
    if HALF_LETTER.search(json.dumps(row.fields, ensure_ascii=False, default=str)):
        found.append(
            ("half a letter (a lone surrogate) in the text", "write the row again from its source")
        )
    return found


def cut_pairs(
    pairs: Sequence[Preference],
    learning: Sequence[Example],
    heldout: Sequence[Example],
    seed: int,
    most: int | None = None,
) -> CutPairs:
    """Share pairs out; pairs of one question or group stay together.

    Those whose question or group is among the held-out examples are left out altogether. Pairs are
    held out, and set aside to choose by, where the examples do not hold their question, as far as
    such pairs reach: what a model was trained to answer says little about what it prefers.

    Args:
        pairs: all of them.
        learning: examples that are trained on or chosen by.
        heldout: examples that are measured on.
        seed: of the shuffle.
        most: pairs to use at most, drawn at random; None = all.
    """
    by_id = {pair.id: pair for pair in pairs}
    rows, leaked = without_leaks([_as_example(pair) for pair in pairs], heldout)
    if most is not None and len(rows) > most:
        rows = at_most(rows, most, "text", seed)
    known = {example.id for example in without_leaks(rows, learning).taken}
    groups = tied(rows)
    random.Random(seed).shuffle(groups)
    groups.sort(key=lambda group: any(row.id in known for row in group))
    third = len(rows) // 3
    aside = min(MOST_HELDOUT, third, max(LEAST_MEASURED, round(HELDOUT * len(rows))))
    heldout_rows, groups = _first(groups, aside)
    left = len(rows) - len(heldout_rows)
    dev_rows, groups = _first(groups, min(MOST_DEV, third, max(LEAST_MEASURED, round(DEV * left))))

    def part(some: Sequence[Example]) -> tuple[Preference, ...]:
        inside = {row.id for row in some}
        return tuple(pair for pair in pairs if pair.id in inside)

    return CutPairs(
        Preferences(
            train=part([row for group in groups for row in group]),
            dev=part(dev_rows),
            heldout=part(heldout_rows),
        ),
        tuple(by_id[row.id] for row in leaked),
    )


def _first(
    groups: Sequence[list[Example]], count: int
) -> tuple[list[Example], list[list[Example]]]:
    """At most so many rows, whole groups of them from the first on; and the other groups."""
    taken: list[Example] = []
    left: list[list[Example]] = []
    for group in groups:
        if len(taken) + len(group) <= count:
            taken.extend(group)
        else:
            left.append(group)
    return taken, left


def _as_example(pair: Preference) -> Example:
    """As the split of examples takes it."""
    return Example(pair.id, pair.question, (pair.chosen,), group=pair.group)


def why_not(parts: Preferences) -> str:
    """Why a task's pairs cannot be learned from; empty where they can."""
    if not any((parts.train, parts.dev, parts.heldout)):
        return "the project has no preference pairs"
    if len(parts.train) < FEWEST:
        return (
            f"{len(parts.train)} preference pairs are left to learn from, and at least {FEWEST} "
            f"are needed ({USUAL} or more to count on it)"
        )
    if not parts.dev or not parts.heldout:
        return (
            "the preference pairs belong to so few questions or groups that none can be set aside "
            "to choose by and to measure on"
        )
    return ""


def blind(pairs: Sequence[Preference]) -> list[PairQuery]:
    """Pairs without word of which answer is the better one: their order is that of the texts."""
    return [PairQuery(p.id, p.question, *sorted((p.chosen, p.rejected))) for p in pairs]
