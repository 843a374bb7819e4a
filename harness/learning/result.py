"""What a learning curve leaves on disk: its plan, written first, and its result, written last."""

from dataclasses import dataclass
from typing import Literal

from harness import beside
from harness.cell import cell_name, parse_cell
from harness.experiment import Estimate
from harness.learning.fit import Foretold
from harness.store import Run

NAME = "learning_curve"
TITLE = "Would more data help"
WHAT = (
    "A trained rung is trained again on parts of the training rows, to see how its score grows "
    "with them and what twice as many would bring."
)
SCHEMA = 1
RESULT = "curve.json"

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

    def score(self, error: float) -> float:
        """An error of the fitted law as a score in the metric's own direction, within 0..1."""
        error = min(1.0, max(0.0, error))
        return 1 - error if self.higher_is_better else error


def store_of(run: Run) -> Run:
    """The folder of a run's learning curve, which is laid out like a run's."""
    return beside.store_of(run, NAME)


def plan_of(store: Run) -> CurvePlan | None:
    """The plan of one that was begun; None where there is none.

    Raises:
        UserError: it is damaged; the fix says what to remove.
    """
    return beside.read(store, beside.PLAN, CurvePlan, SCHEMA)


def result_of(run: Run) -> CurveResult | None:
    """The result of a finished one; None where there is none.

    Raises:
        UserError: it is damaged, or of another version; the fix says what to remove.
    """
    return beside.read(store_of(run), RESULT, CurveResult, SCHEMA)
