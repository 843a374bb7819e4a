"""The sample projects that ship with the program."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from advisor.project import CONFIG
from harness.errors import Problem, UserError

SAMPLES = ("support-desk", "ticket-routing", "order-json")


def copy_sample(name: str, target: Path) -> Path:
    """Copy a sample project that ships with the program.

    Raises:
        UserError: no such sample, or something is there already.
    """
    if name not in SAMPLES:
        raise UserError(
            Problem(f"there is no sample {name!r}", f"choose one of {', '.join(SAMPLES)}")
        )
    if (target / CONFIG).exists():
        return target  # a demo that was interrupted goes on where it was
    with as_file(files("advisor") / "samples" / name) as source:
        shutil.copytree(source, target, dirs_exist_ok=True)
    return target
