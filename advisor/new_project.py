"""From the user's files to a project folder: format and mapping detected, written down to edit."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from advisor.guess import Guess, guess_files
from advisor.new_settings import config_text
from advisor.placing import Places, check_given, places_of
from advisor.project import CONFIG
from harness.errors import Problem, UserError


class Made(NamedTuple):
    """A new project."""

    guess: Guess
    """What its files seem to be."""
    places: Places


def create_project(root: Path, files: Sequence[Path]) -> Made | None:
    """Make a project folder.

    Args:
        root: must not hold a project yet.
        files: data files (at most two: train and held-out), and document files or folders. They
            are copied, but for what lies in the folder already. None makes an empty project to
            fill in.

    Returns:
        What was detected; None without files.

    Raises:
        UserError: a project is there already, files that cannot be understood, or a copy that
            would overwrite another file.
    """
    if (root / CONFIG).exists():
        raise UserError(
            Problem("there is a project here already", "choose another folder", str(root))
        )
    made = None
    if files:
        check_given(root, files)
        guess = guess_files(files)
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
