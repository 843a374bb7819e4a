"""What a probe leaves on disk: its plan, written first, and its result, written last."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.beside import PLAN, read, store_of
from harness.probe import FEW, Measured, Planted
from harness.probes import probe_type
from harness.store import Run
from harness.trained import TrainedProbe, TrainedResult

SCHEMA = 1
RESULT = "probe.json"


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What is asked, fixed before the first question."""

    schema: int
    probe: str
    run: str
    created: str
    """UTC, ISO 8601."""
    fingerprint: str
    """Of the run's task."""
    count: int
    """Changes wanted at most."""
    seed: int
    planted: tuple[Planted, ...]
    left_out: dict[str, int]
    """Why held-out questions could not be used, with how many."""
    edited: str = ""
    """Check sum of the user's own documents, where the changes are theirs."""
    secrets: bool = False
    """A model is trained on a copy of the training rows with made-up secrets among them."""


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """What it takes until a rung goes by changed documents."""

    by: Literal["index", "train", "nothing"]
    """Indexing anew, training anew, or nothing that this rung could do."""
    seconds: float | None
    """Measured: of indexing now, of training in the check; None where it was not timed."""


@dataclass(frozen=True, slots=True)
class RungProbed:
    """One rung over all its seeds."""

    title: str
    reads: bool
    """It is shown passages; a rung that is not was not asked again."""
    seeds: tuple[int, ...]
    measured: Measured
    brought_up: BroughtUp
    n_failed: int
    """Answers, of all seeds, that failed with the changed documents."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Everything a page or a report needs, written to probe.json."""

    schema: int
    probe: str
    run: str
    created: str
    fingerprint: str
    seed: int
    planted: tuple[Planted, ...]
    left_out: dict[str, int]
    n_documents: int
    """Documents that were changed."""
    n_questions: int
    rungs: dict[str, RungProbed]
    """In order of effort."""
    failed: dict[str, str]
    """Cells that ended in an error, with the message."""
    facts: tuple[str, ...]
    """What holds for the run as a whole."""
    own_changes: bool
    """The user's own edits, not made-up ones."""
    seconds: float
    """Indexing and answering."""

    @property
    def few(self) -> bool:
        """Too few changes for more than an impression."""
        return len(self.planted) < FEW


AnyResult: TypeAlias = ProbeResult | TrainedResult
"""What a test of a finished run found."""


def plan_of(store: Run) -> ProbePlan | None:
    """The plan of a probe that was begun; None where there is none.

    Raises:
        UserError: it is damaged; the fix says what to remove.
    """
    return read(store, PLAN, ProbePlan, SCHEMA)


def result_of(run: Run, probe: str) -> AnyResult | None:
    """The result of a finished probe; None where there is none.

    Raises:
        UserError: it is damaged, or of another version; the fix says what to remove.
    """
    if isinstance(probe_type(probe), TrainedProbe):
        return read(store_of(run, probe), RESULT, TrainedResult, SCHEMA)
    return read(store_of(run, probe), RESULT, ProbeResult, SCHEMA)
