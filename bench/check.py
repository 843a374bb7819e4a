"""What slipped: ratios measured here beside the last accepted ones, those that are committed.

``python -m bench.check`` reads ``bench/results`` as it stands and as the last commit has it. To
accept what was measured, commit it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.lines import NOISE
from bench.table import RESULTS
from harness.types import Json

CONDITIONS = ("data", "threads")
"""What has to be the same for ratios to be held against each other."""


class Slip(NamedTuple):
    """A line whose ratio is lower than it was, by more than noise."""

    part: str
    work: str
    stock: str
    before: float
    now: float

    def __str__(self) -> str:
        lost = 1 - self.now / self.before
        return (
            f"slipped: {self.part}: {self.work}, beside {self.stock}: "
            f"{self.before:g}x to {self.now:g}x ({lost:.0%} less)"
        )


def slips(before: dict[str, Json], now: dict[str, Json], tolerance: float = NOISE) -> list[Slip]:
    """Lines of a result that fell behind the same lines of an earlier one."""
    accepted = {_key(line): line["ratio"]["median"] for line in before["figures"].get("lines", ())}
    found = []
    for line in now["figures"].get("lines", ()):
        old, new = accepted.get(_key(line)), line["ratio"]["median"]
        if old is not None and new < old * (1 - tolerance):
            found.append(Slip(now["part"], line["work"], line["stock"]["side"], old, new))
    return found


def gone(before: dict[str, Json], now: dict[str, Json]) -> list[str]:
    """Lines that were accepted and are no longer measured."""
    there = {_key(line) for line in now["figures"].get("lines", ())}
    return [
        f"not measured: {before['part']}: {line['work']}, beside {line['stock']['side']}"
        for line in before["figures"].get("lines", ())
        if _key(line) not in there
    ]


def _key(line: dict[str, Json]) -> tuple[str, str, str]:
    return line["work"], line["ours"]["side"], line["stock"]["side"]


def committed(file: Path) -> dict[str, Json] | None:
    """A result as the last commit has it; None where it has none.

    Raises:
        OSError, subprocess.CalledProcessError: this is no checkout, or git is missing.
    """
    inside = {"cwd": file.parent, "capture_output": True, "text": True}
    subprocess.run(["git", "rev-parse", "HEAD"], check=True, **inside)  # type: ignore[call-overload]
    shown = subprocess.run(["git", "show", f"HEAD:./{file.name}"], check=False, **inside)  # type: ignore[call-overload]
    found: dict[str, Json] | None = json.loads(shown.stdout) if shown.returncode == 0 else None
    return found


def main(folder: Path = RESULTS) -> int:
    """Say what slipped; 1 if anything did, 2 where there is nothing to compare with."""
    said: list[str] = []
    anew = 0
    for file in sorted(folder.glob("*.json")):
        now = json.loads(file.read_text(encoding="utf-8"))
        try:
            before = committed(file)
        except (OSError, subprocess.CalledProcessError):
            print("error: the last accepted results are those of the last commit; there is none")
            print("fix: run this in a checkout of the project, with git installed")
            return 2
        if before is None or before["at"] == now["at"]:
            continue
        anew += 1
        other = [k for k in CONDITIONS if before["figures"].get(k) != now["figures"].get(k)]
        if other:
            print(f"not compared: {now['part']}: other {' and '.join(other)}")
            continue
        said += [*map(str, slips(before, now)), *gone(before, now)]
    return _tell(anew, said)


def _tell(anew: int, said: Sequence[str]) -> int:
    for line in said:
        print(line)
    if not anew:
        print("Nothing was measured since the last accepted results: run make bench first.")
    elif not said:
        print(f"{anew} parts measured anew; no ratio fell by more than {NOISE:.0%}.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
