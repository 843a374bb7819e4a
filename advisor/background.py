"""The command as a process of its own that outlives the app; its state is on disk."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def start(arguments: Sequence[str], log: Path, anew: bool = False) -> None:
    """Start ``rungwise ARGUMENTS``.

    Args:
        arguments: the verb and what it is given.
        log: file for what it says.
        anew: drop what an earlier process said there.
    """
    command = [sys.executable, "-m", "advisor", *arguments]
    with log.open("wb" if anew else "ab") as out:
        subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )
