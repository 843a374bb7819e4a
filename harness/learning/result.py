"""What a learning curve leaves on disk: its plan, written first, and its result, written last."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from harness.cell import cell_name, parse_cell
from harness.disk import decode
from harness.errors import Problem, UserError
from harness.experiment import Estimate
from harness.learning.fit import Foretold
from harness.store import Run

Stored = TypeVar("Stored", "CurvePlan", "CurveResult")

NAME = "learning_curve"
TITLE = "Would more data help"
WHAT = (
    "A trained rung is trained again on parts of the training rows, to see how its score grows "
    "with them and what twice as many would bring."
)
SCHEMA = 1
PLAN, RESULT = "plan.json", "curve.json"

MoreData = Literal["help", "hardly", "unclear", "none"]
"""``none``: too few sizes were finished to say anything."""


@dataclass(frozen=True, slots=True)
class CurvePlan:
    """What is trained, fixed before the first training."""

    schema: int
    run: str
    created: str
    """UTC, ISO 8601."""
    fingerprint: str
    """Of the run's task."""
    rung: str
    counts: tuple[int, ...]
    """Training rows wanted of each size, rising; the last is all of them."""
    seeds: int
    """Trainings of each size at least."""
    factor: float
    """Times the rows for which is foretold."""
    taken: tuple[str, ...]
    """Cells of the check that count as the largest size: the same recipe on all rows."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Trainings to do, the smallest first."""
        have = {parse_cell(cell)[1] for cell in self.taken}
        return tuple(
            cell_name(f"{self.rung}.{count}", seed)
            for count in self.counts
            for seed in range(self.seeds)
            if count < self.counts[-1] or seed not in have
        )


def rows_of(cell: str) -> int:
    """Rows wanted for a training: ``finetune.75-s0`` says 75."""
    return int(parse_cell(cell)[0].rpartition(".")[2])


def rung_of(cell: str) -> str:
    """The rung that a training is of."""
    return parse_cell(cell)[0].rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One size of training data."""

    rows: float
    """Trained on; a mean over seeds, for groups make sizes differ a little."""
    score: Estimate
    """Of the held-out questions, over all its seeds."""
    seeds: tuple[int, ...]
    by_seed: tuple[float | None, ...]
    steps: float | None
    """Optimiser steps at most, from rows and passes; None where the rows of a step are unknown."""


@dataclass(frozen=True, slots=True)
class CurveResult:
    """Everything a page or a report needs, written to curve.json."""

    schema: int
    run: str
    created: str
    fingerprint: str
    rung: str
    title: str
    metric: str
    metric_title: str
    higher_is_better: bool
    margin: float
    n_heldout: int
    points: tuple[CurvePoint, ...]
    """By size, rising; sizes without a finished training are missing."""
    foretold: Foretold | None
    """None where fewer than three sizes are there, or no question has a score at all of them."""
    verdict: MoreData
    failed: dict[str, str]
    """Trainings that ended in an error, with the message."""
    n_failed: int
    """Answers that failed, of all sizes and seeds."""
    facts: tuple[str, ...]
    """What holds for all of it, in sentences."""
    seconds: float
    """Training and answering, without what the check had done."""


def trained_cells(run: Run, rung: str) -> list[str]:
    """The finished trainings of a rung in the check, in the order in which they ran."""
    return [cell for cell in run.plan().cells if parse_cell(cell)[0] == rung and run.finished(cell)]


def store_of(run: Run) -> Run:
    """The folder of a run's learning curve, which is laid out like a run's."""
    return Run(run.folder / "probes" / NAME)


def run_of(store: Run) -> Run:
    """The run that a learning curve's folder lies in."""
    return Run(store.folder.parents[1])


def plan_of(store: Run) -> CurvePlan | None:
    """The plan of one that was begun; None where there is none.

    Raises:
        UserError: it is damaged; the fix says what to remove.
    """
    return _read(store, PLAN, CurvePlan)


def result_of(run: Run) -> CurveResult | None:
    """The result of a finished one; None where there is none.

    Raises:
        UserError: it is damaged, or of another version; the fix says what to remove.
    """
    return _read(store_of(run), RESULT, CurveResult)


def _read(store: Run, name: str, kind: type[Stored]) -> Stored | None:
    file = store.folder / name
    if not file.is_file():
        return None
    try:
        found = decode(file.read_bytes(), kind, file)
    except UserError as error:
        raise _damaged(error.problems[0].message, file, store) from error
    if found.schema != SCHEMA:
        raise _damaged(f"it has schema {found.schema}, this version reads {SCHEMA}", file, store)
    return found


def _damaged(why: str, file: Path, store: Run) -> UserError:
    again = f"rungwise probe {run_of(store).folder} {NAME}"
    what = "the file" if file.name == RESULT else f"the folder {store.folder}"
    return UserError(Problem(why, f"remove {what}, then: {again}", str(file)))
