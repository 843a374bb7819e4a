"""Would more data help, after a check: begin, train, stop, and what it will take."""

from collections.abc import Callable, Sequence

from advisor import background, workflow
from advisor.project import open_project
from advisor.renewing import judge_again
from harness.beside import run_of
from harness.errors import RungwiseError
from harness.learning import running
from harness.learning.need import seconds_needed
from harness.learning.result import NAME, CurveResult, plan_of
from harness.store import Run
from harness.watch import STARTING_PROBE, OnEvent, announce


def begin(run: Run, rung: str = "", shares: Sequence[float] = (), seeds: int | None = None) -> Run:
    """Fix which sizes a finished run's rung is trained on; nothing is trained yet.

    Args:
        run: whose check has ended.
        rung: that was trained; empty takes what an earlier command fixed, or the first there is.
        shares: of the training rows, in 0..1; empty likewise.
        seeds: trainings of each size; None likewise.

    Returns:
        The learning curve's folder.

    Raises:
        UserError: the run is not finished, or nothing was trained in it, or a number cannot be.
    """
    workflow.finished(run)
    return running.begin(run, rung, shares, seeds)


def forecast(
    store: Run, *, measure: bool = True, say: Callable[[str], None] = lambda line: None
) -> float | None:
    """Seconds of the trainings left; None where that cannot be known, which stops nothing."""
    plan = plan_of(store)
    assert plan is not None  # begin has written it
    try:
        return seconds_needed(run_of(store), plan, measure=measure, say=say)
    except RungwiseError as error:
        say(f"How long it will take is not known: {error.problems[0]}")
        return None


def learn(store: Run, on_event: OnEvent = lambda event: None) -> CurveResult:
    """Train, answer and fit; what is finished is not trained again.

    The check's verdict then says what was learned, where it had said to find that out.
    """
    result, run = running.run_curve(store, on_event), run_of(store)
    try:
        judge_again(open_project(run.project), run)
    except RungwiseError as error:  # the curve itself is there, and a check says what is wrong
        store.say("doing", f"The verdict stays as it was: {error.problems[0]}")
    return result


def start_in_background(run: Run) -> None:
    """Begin, or go on, as a process of its own that outlives the app."""
    store = begin(run)
    announce(store, STARTING_PROBE)
    background.start(["probe", str(run.folder), NAME], store.folder / "probe.log")
