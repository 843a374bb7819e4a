"""A disk so small that a test can fill it, mounted where only that test's own shell sees it."""

import subprocess
from functools import cache
from pathlib import Path

WAYS = (("unshare", "--map-root-user", "--mount"), ("unshare", "--mount"))
"""As anybody may where users are allowed namespaces of their own, and as root may elsewhere."""
LACKING = "no small disk can be mounted here (unshare and the right to mount tmpfs are needed)"


@cache
def own_mounts() -> tuple[str, ...]:
    """What to put before a command that mounts a tmpfs; empty where nothing helps."""
    here = str(Path(__file__).parent)  # nothing is written, and the mount ends with the command
    return next((way for way in WAYS if _works([*way, "mount", "-t", "tmpfs", "tmpfs", here])), ())


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:  # there is no unshare
        return False
