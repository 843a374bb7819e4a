"""A run's result as it lies on disk: the experiment with its verdict."""

import msgspec

from advisor.verdict import Verdict
from harness.errors import Problem, UserError
from harness.experiment import Experiment
from harness.store import Run

EXPERIMENT = "experiment.json"
"""File in the run's folder: what was found, written last."""


def experiment_of(run: Run) -> Experiment | None:
    """The finished experiment; None while it runs.

    Raises:
        UserError: it is damaged; the fix writes it again.
    """
    file = run.folder / EXPERIMENT
    if not file.is_file():
        return None
    try:
        experiment = msgspec.json.decode(file.read_bytes(), type=Experiment)
        verdict_of(experiment)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        again = f"rungwise check {run.project} --run {run.name}"
        fix = f"write it again from what was measured: {again}"
        raise UserError(Problem(f"damaged ({error})", fix, str(file))) from error
    return experiment


def verdict_of(experiment: Experiment) -> Verdict:
    """The verdict as a value."""
    return msgspec.convert(experiment.verdict, Verdict)
