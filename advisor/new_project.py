"""From the user's files to a project folder: format and mapping detected, written down to edit."""

import json
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from advisor.column_guess import NEEDED, open_roles
from advisor.guess import Guess, guess_files
from advisor.new_settings import config_text
from advisor.placing import Places, check_given, places_of
from advisor.project import CONFIG
from harness.data_columns import Columns
from harness.errors import Problem, UserError


class Made(NamedTuple):
    """A new project."""

    guess: Guess
    """What its files seem to be."""
    places: Places


def create_project(root: Path, files: Sequence[Path], named: Columns | None = None) -> Made | None:
    """Make a project folder.

    Args:
        root: must not hold a project yet.
        files: data files (at most two: train and held-out), and document files or folders. They
            are copied, but for what lies in the folder already. None makes an empty project to
            fill in.
        named: which columns are question and answer, as far as the user says it; what is open then
            is refused. None leaves open what is not recognised, to be filled in.

    Returns:
        What was detected; None without files.

    Raises:
        UserError: a project is there already, files that cannot be understood, columns that are
            not recognised and may not be left open, or a copy that would overwrite another file.
    """
    if (root / CONFIG).exists():
        raise UserError(
            Problem("there is a project here already", "choose another folder", str(root))
        )
    made = None
    if files or named not in (None, Columns()):
        check_given(root, files)
        guess = guess_files(files, named or Columns())
        if named is not None and guess.train and (left := open_roles(guess.columns)):
            raise UserError(_unrecognised(root, files, guess, left))
        made = Made(guess, places_of(root, guess))
    (root / "data").mkdir(parents=True, exist_ok=True)
    for source, target in made.places.copies if made else ():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if made and made.guess.schema:
        text = json.dumps(made.guess.schema, ensure_ascii=False, indent=2)
        (root / "schema.json").write_text(f"{text}\n", encoding="utf-8")
    text = config_text(root.resolve().name, *(made or (None, None)))
    (root / CONFIG).write_text(text, encoding="utf-8")
    return made


def _unrecognised(root: Path, files: Sequence[Path], guess: Guess, left: Sequence[str]) -> Problem:
    """Names the columns to choose from, and the command that chooses."""
    known = [
        f"--{role} {shlex.quote(getattr(guess.columns, role))}"
        for role in NEEDED
        if role not in left
    ]
    command = shlex.join(["rungwise", "new", str(root), "--from", *map(str, files)])
    options = " ".join([*known, *(f"--{role} NAME" for role in left)])
    columns = ", ".join(guess.names) or "none"
    return Problem(
        f"no column looks like the {' or the '.join(left)} (columns: {columns})",
        f"say it: {command} {options}",
        guess.train.name if guess.train else "",
    )
