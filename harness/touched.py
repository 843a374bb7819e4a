"""How often the held-out set was looked at: by how many runs, with how many settings of a cell.

Choosing on the held-out set would mean to look, change a setting, and look again. A file in the run
counts that: `scored.json`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from harness.disk import decode, write_json
from harness.errors import UserError
from harness.store import Cell, Plan, Run, runs_in

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


def times_touched(run: Run, plan: Plan) -> int:
    """This run and the earlier ones of the project whose results show the same questions.

    The fingerprint would not do: it also changes with the training rows and the instruction, which
    are what a user changes between looks at the same held-out set.
    """
    mine = {query.text for query in run.queries()}
    others = [other for other in runs_in(run.project) if other.name != run.name]
    return 1 + sum(_saw(other, mine, plan.created) for other in others)


def _saw(other: Run, questions: set[str], before: str) -> bool:
    """Whether an earlier run told how it did on half of these questions or more.

    False for a run that cannot be read, which must not spoil this one.
    """
    try:
        files = ("experiment.json", FILE)  # the second is there from the first score that is told
        told = any((other.folder / name).is_file() for name in files)
        if other.plan().created > before or not told:
            return False
        shared = questions & {query.text for query in other.queries()}
    except (UserError, OSError):
        return False
    return 2 * len(shared) >= len(questions)


def _sum_of(plan: Plan, cell: Cell) -> str:
    """Of all that a cell's answers depend on and a person can change between two looks."""
    made_with = (
        plan.spec, plan.generator, plan.generator_revision, plan.embedder, plan.max_new_tokens,
        plan.effort, cell.preparation.settings,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(made_with, order="deterministic")).hexdigest()[:16]
