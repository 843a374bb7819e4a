"""With how many settings each cell was scored on the held-out set, and whether it is the same set.

Choosing on the held-out set would mean to look, change a setting, and look again. A file in the run
counts that: `scored.json`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from harness.disk import decode, write_json
from harness.store import Cell, Plan, Run

FILE = "scored.json"


@dataclass(frozen=True, slots=True)
class Scored:
    """What the references of a run were opened for."""

    heldout: str = ""
    """Check sum of the held-out file when it was first scored."""
    settings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Cell to check sums of the settings with which it was scored, each once."""

    @property
    def times(self) -> int:
        """With how many settings the cell that was scored most often was scored."""
        return max((len(found) for found in self.settings.values()), default=0)


def heldout_sum(run: Run) -> str:
    """SHA-256 of the file with the held-out questions and their references."""
    return hashlib.sha256((run.folder / "data" / "heldout.jsonl").read_bytes()).hexdigest()


def scored(run: Run) -> Scored:
    """What was scored so far."""
    file = run.folder / FILE
    return decode(file.read_bytes(), Scored, file) if file.is_file() else Scored()


def note_scoring(run: Run, plan: Plan, cells: Sequence[Cell]) -> Scored:
    """Write down that these cells are scored now. The same settings again are no new look."""
    before = scored(run)
    settings = dict(before.settings)
    for cell in cells:
        now = _sum_of(plan, cell)
        if now not in settings.get(cell.cell, ()):
            settings[cell.cell] = (*settings.get(cell.cell, ()), now)
    after = replace(before, heldout=before.heldout or heldout_sum(run), settings=settings)
    if after != before:
        write_json(run.folder / FILE, after)
    return after


def _sum_of(plan: Plan, cell: Cell) -> str:
    """Of all that a cell's answers depend on and a person can change between two looks."""
    made_with = (
        plan.spec, plan.generator, plan.generator_revision, plan.embedder, plan.max_new_tokens,
        plan.effort, cell.preparation.settings,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(made_with, order="deterministic")).hexdigest()[:16]
