"""Changes to rungwise.toml that leave the user's comments and order as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from advisor.project import CONFIG, Project, open_project
from harness.disk import write_whole
from harness.errors import RungwiseError

Place = tuple[str, ...]
"""Where a setting stands: section, perhaps subsection, key."""


def change(root: Path, values: Mapping[Place, Any]) -> Project:
    """Write some settings and read the project again.

    Args:
        root: the project folder.
        values: place to value; None takes the setting out.

    Raises:
        RungwiseError: with these values the project could not be opened, or the disk is full; the
            file is as before.
    """
    file = root / CONFIG
    before = file.read_bytes()
    # as the project's own reader: some editors begin a file with a byte order mark
    document: Any = tomlkit.parse(before.decode("utf-8-sig"))
    for place, value in values.items():
        _put(document, place, value)
    write_whole(file, tomlkit.dumps(document).encode())
    try:
        return open_project(root)
    except RungwiseError:
        write_whole(file, before)
        raise


def _put(document: Any, place: Place, value: Any) -> None:
    table = document
    for name in place[:-1]:
        if name not in table:
            if value is None:
                return
            table[name] = tomlkit.table()
        table = table[name]
    key = place[-1]
    if value is None:
        table.pop(key, None)
    elif key not in table:
        table.add(key, value)
    elif table[key] != value:
        comment = table[key].trivia.comment
        table[key] = value
        # tomlkit drops the remark behind a value that is replaced by a plain one
        if comment and not table[key].trivia.comment:
            table[key].comment(comment.lstrip("# "))
