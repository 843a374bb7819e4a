"""The sample projects that ship with the program."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from advisor.project import CONFIG, read_project
from harness.disk import write_whole
from harness.errors import Problem, UserError

SAMPLES = ("support-desk", "ticket-routing", "order-json")
UNFINISHED = ".unfinished-copy"
"""File that tells a copy that was cut off from a folder of somebody else."""


def copy_sample(name: str, target: Path) -> Path:
    """Copy a sample project that ships with the program; a copy that is there is taken as it is.

    Raises:
        UserError: no such sample, or something else is there already.
    """
    if name not in SAMPLES:
        raise UserError(
            Problem(f"there is no sample {name!r}", f"choose one of {', '.join(SAMPLES)}")
        )
    with as_file(files("advisor") / "samples" / name) as source:
        if (target / CONFIG).exists():
            if _name_in(target) != _name_in(source):
                raise UserError(_taken(f"another project than {name} is here already", target))
            return target  # a demo that was interrupted goes on where it was
        unfinished = target / UNFINISHED
        if target.exists() and not unfinished.exists() and any(target.iterdir()):
            raise UserError(_taken("there are other files here already", target))
        target.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
        others = shutil.ignore_patterns(CONFIG)
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=others)
        # last and in one step: a folder that holds it passes for a project
        write_whole(target / CONFIG, (source / CONFIG).read_bytes())
        unfinished.unlink()
    return target


def _taken(said: str, target: Path) -> Problem:
    return Problem(said, "choose another folder, on the command line with --out", str(target))


def _name_in(folder: Path) -> str:
    """What a project calls itself; empty where that cannot be read."""
    try:
        return read_project(folder).project.name
    except UserError:
        return ""
