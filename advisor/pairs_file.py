"""Preference pairs among the files that a project is made from: recognised by their columns."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit

from advisor.column_guess import shared_apart
from harness.data_columns import PairColumns, detect_as, looks_like_pairs
from harness.data_files import Rows
from harness.errors import Problem


class PairsFile(NamedTuple):
    """A file of preference pairs."""

    file: Path
    columns: PairColumns
    n_rows: int


def pairs_among(tables: Mapping[Path, Rows]) -> tuple[list[PairsFile], list[Problem]]:
    """Those of the tables that hold pairs, and what stands against them."""
    found = []
    for table, rows in tables.items():
        names = list(dict.fromkeys(name for row in rows.rows for name in row.fields))
        if looks_like_pairs(names):
            columns, _ = shared_apart(rows.rows, detect_as(PairColumns, names))
            found.append(PairsFile(table, columns, len(rows.rows)))
    problems = []
    if len(found) > 1:
        names = [one.file.name for one in found]
        said = f"{len(found)} files of preference pairs were given"
        problems.append(Problem(said, "put them into one file", ", ".join(names)))
    return found, problems


def add_pairs(data: Any, pairs: PairsFile, where: str) -> None:
    """Write into the section ``[data]`` where pairs are in the project, and their columns."""
    data.add("preferences", where)
    columns = tomlkit.table()
    for column in fields(PairColumns):
        value = getattr(pairs.columns, column.name)
        if value:
            columns.add(column.name, value)
    data.add("preference_columns", columns)
