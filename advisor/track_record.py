"""How often the measurement confirmed what the answers pointed to, over finished checks."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor import workflow
from advisor.numbers import count
from harness.errors import UserError
from harness.store import Run, runs_in

FEWEST = 5
"""Checks below which a count of them says nothing of how well answers foretell."""


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Finished checks by how prior and evidence stood to each other."""

    confirmed: int = 0
    overturned: int = 0
    too_close_to_call: int = 0

    @property
    def compared(self) -> int:
        """Checks before which the questions had been answered."""
        return self.confirmed + self.overturned + self.too_close_to_call

    @property
    def sentence(self) -> str:
        """In words; empty where there are too few checks to say anything of them."""
        if self.compared < FEWEST:
            return ""
        told = (
            f"Of {count(self.compared, 'finished check')} the measurement pointed where the "
            f"answers had pointed in {self.confirmed}"
        )
        rest = []
        if self.overturned:
            rest.append(f"elsewhere in {self.overturned}")
        if self.too_close_to_call:
            rest.append(f"and was too close to call in {self.too_close_to_call}")
        return f"{', '.join([told, *rest])}."


def track_record(runs: Iterable[Run]) -> TrackRecord:
    """Count over runs; those that are not finished or cannot be read say nothing."""
    counts = dict.fromkeys(("confirmed", "overturned", "too_close_to_call"), 0)
    for run in runs:
        try:
            experiment = workflow.experiment_of(run)
        except UserError:
            continue
        agreement = workflow.verdict_of(experiment).agreement if experiment else None
        if agreement:
            counts[agreement] += 1
    return TrackRecord(**counts)


def track_record_of(projects: Iterable[Path]) -> TrackRecord:
    """Over all runs of several project folders."""
    return track_record(run for root in projects for run in runs_in(root))
