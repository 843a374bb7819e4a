"""Which column of a table is the question and which the answer, where its names do not tell."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path

from harness.data import text_of
from harness.data_columns import Columns, Mapped, detect
from harness.data_files import Row, Rows
from harness.data_shapes import ALONE, BEFORE
from harness.errors import Problem, UserError

NEEDED = ("question", "answer")
LEAST_SHARED = 2
"""Rows of which one can say that they share something."""


def names_of(rows: Rows) -> list[str]:
    """Of all columns."""
    return list(dict.fromkeys(name for row in rows.rows for name in row.fields))


def open_roles(columns: Columns) -> tuple[str, ...]:
    """Of question and answer, those that no column is known for."""
    return tuple(role for role in NEEDED if not getattr(columns, role))


def columns_of(read: Mapping[Path, Rows], named: Columns) -> dict[Path, Columns]:
    """The columns of each table: those the user named, the others by their names.

    Raises:
        UserError: no table has a column that was named, or one was named for both.
    """
    given = {role: name for role in NEEDED if (name := getattr(named, role))}
    names = {table: names_of(rows) for table, rows in read.items()}
    problems = []
    if len(set(given.values())) < len(given):
        problems.append(
            Problem("one column is named as question and as answer", "name one for each", "new")
        )
    for role, name in given.items():
        if not any(name in there for there in names.values()):
            known = list(dict.fromkeys(one for there in names.values() for one in there))
            near = "".join(f"did you mean {one!r}? " for one in get_close_matches(name, known, 1))
            said = f"there is no column {name!r}"
            fix = f"{near}columns: {', '.join(known) or 'none'}"
            problems.append(Problem(said, fix, f"--{role}"))
    if problems:
        raise UserError(*problems)
    return {table: _with(given, there) for table, there in names.items()}


def _with(given: Mapping[str, str], names: list[str]) -> Columns:
    """What a table's names tell, and what was named in place of it where the table has that."""
    if not all(name in names for name in given.values()):
        return Columns() if given else detect(names)
    found = detect(name for name in names if name not in given.values())
    return _filled(found, given)


def by_place(rows: Rows, found: Columns) -> Columns:
    """The same, where as many columns are left as are needed: first the question, then the answer.

    A column with clearly fewer values and shorter texts than the other is the answer, wherever it
    stands. What only counts the rows is no column to choose.
    """
    open_ones = open_roles(found)
    taken = [getattr(found, one.name) for one in fields(found)]
    cells = {
        name: [text_of(row.fields.get(name)) for row in rows.rows]
        for name in names_of(rows)
        if name and name not in taken
    }
    left = [name for name, texts in cells.items() if any(texts) and not _counts(texts)]
    if not open_ones or len(left) != len(open_ones):
        return found
    if len(left) == 2 and _is_answer(cells[left[0]], cells[left[1]]):
        left.reverse()
    return _filled(found, dict(zip(open_ones, left, strict=True)))


def shared_apart(rows: Sequence[Row], found: Mapped) -> tuple[Mapped, str]:
    """Columns whose questions are without the instruction of every row, and that instruction.

    It belongs into the system prompt: before each question it would be searched for in the
    documents, and the nearest examples would be those that share it. The columns as they are and
    "" where rows have none, or not the same.
    """
    before = {text_of(row.fields.get(BEFORE)) for row in rows}
    if len(rows) < LEAST_SHARED or len(before) > 1 or before == {""}:
        return found, ""
    if found.question != "question" or not all(text_of(row.fields.get(ALONE)) for row in rows):
        return found, ""
    return replace(found, question=ALONE), before.pop()


def _filled(found: Columns, chosen: Mapping[str, str]) -> Columns:
    return replace(
        found,
        question=chosen.get("question", found.question),
        answer=chosen.get("answer", found.answer),
    )


def _counts(texts: list[str]) -> bool:
    """Whether a column numbers its rows."""
    if len(texts) < 2 or not all(text.isdecimal() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_answer(texts: list[str], others: list[str]) -> bool:
    """Whether these have clearly fewer values than the others, and are shorter."""
    fewer = 2 * len(set(texts)) <= len(set(others))
    return fewer and statistics.median(map(len, texts)) < statistics.median(map(len, others))
