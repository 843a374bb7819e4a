"""The prior of a run: what the answers advised when it was started. No evidence can move it."""

from advisor.recommendation import Recommendation
from harness.disk import decode, write_json
from harness.store import Run

PRIOR = "prior.json"
"""File in the run's folder; null where there were no answers."""


def keep_prior(run: Run, advised: Recommendation | None) -> None:
    """Fix what the answers advise, or that there are none; what has been fixed stays."""
    file = run.folder / PRIOR
    if not file.exists():
        write_json(file, advised)


def prior_of(run: Run) -> Recommendation | None:
    """What the answers advised when the check began; None when there were none."""
    file = run.folder / PRIOR
    if not file.is_file():
        return None
    raw = file.read_bytes()
    return None if raw.strip() == b"null" else decode(raw, Recommendation, file)
