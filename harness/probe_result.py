"""What a probe leaves on disk: its plan, written first, and its result, written last."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from harness.disk import decode
from harness.errors import Problem, UserError
from harness.probe import FEW, Measured, Planted
from harness.probes import probe_type
from harness.store import Run
from harness.trained import TrainedProbe, TrainedResult

Stored = TypeVar("Stored", "ProbePlan", "ProbeResult", TrainedResult)

SCHEMA = 1
PLAN, RESULT = "plan.json", "probe.json"


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


def store_of(run: Run, probe: str) -> Run:
    """The folder of a probe, which is laid out like a run's: data, cells, events, lock."""
    return Run(run.folder / "probes" / probe)


def run_of(store: Run) -> Run:
    """The run that a probe's folder lies in."""
    return Run(store.folder.parents[1])


def plan_of(store: Run) -> ProbePlan | None:
    """The plan of a probe that was begun; None where there is none.

    Raises:
        UserError: it is damaged; the fix says what to remove.
    """
    return _read(store, PLAN, ProbePlan)


def result_of(run: Run, probe: str) -> AnyResult | None:
    """The result of a finished probe; None where there is none.

    Raises:
        UserError: it is damaged, or of another version; the fix says what to remove.
    """
    if isinstance(probe_type(probe), TrainedProbe):
        return _read(store_of(run, probe), RESULT, TrainedResult)
    return _read(store_of(run, probe), RESULT, ProbeResult)


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
    run = run_of(store)
    again = f"rungwise probe {run.folder} {store.name}"
    what = "the file" if file.name == RESULT else f"the folder {store.folder}"
    return UserError(Problem(why, f"remove {what}, then: {again}", str(file)))
