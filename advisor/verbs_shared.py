"""What several verbs do alike."""

import contextlib
import dataclasses
import signal
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

from advisor import terminal, workflow
from advisor.few_answers import few_answers_sentence
from advisor.forecast import foretold
from advisor.needs import need_line
from advisor.numbers import left_out_sentence
from advisor.project import Project
from advisor.showing_words import showing_sentence
from advisor.terminal_progress import Progress
from harness.assemble import rung_of
from harness.effort import EFFORTS
from harness.errors import JobError, Problem
from harness.experiment import Experiment
from harness.rungs import rungs
from harness.settings import CheckSettings
from harness.showing import showing
from harness.store import Run

SETTINGS = ("rungs", "seeds", "effort", "model", "target", "climb")
"""Options of a check, as `add_check_options` names them."""


def add_check_options(parser: ArgumentParser) -> None:
    """Options that stand for what rungwise.toml says."""
    known = ", ".join(rungs())
    parser.add_argument(
        "--rungs",
        metavar="NAMES",
        help=f"of {known}, separated by commas; default: rungwise.toml's",
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="training runs of each tuned rung")
    parser.add_argument(
        "--effort", metavar="WORD", help=f"how hard each rung tries: {', '.join(EFFORTS)}"
    )
    parser.add_argument(
        "--target", type=float, metavar="SHARE", help="good enough, from 0 to 1; default: none"
    )
    parser.add_argument(
        "--climb",
        action=BooleanOptionalAction,
        help="stop at the first rung that reaches the target, instead of running every rung",
    )
    parser.add_argument(
        "--model", metavar="ID", help="embedded name, hub id, model folder, or openai:URL#MODEL"
    )


def check_settings(project: Project, given: Namespace) -> CheckSettings:
    """rungwise.toml, with what the command line says instead."""
    settings = project.settings()
    if given.rungs is not None:
        names = (name.strip() for name in given.rungs.split(","))
        settings = dataclasses.replace(settings, rungs=tuple(name for name in names if name))
    if given.model is not None:
        settings = dataclasses.replace(settings, generator=given.model, revision="")
    for name in ("seeds", "effort", "target", "climb"):
        if getattr(given, name) is not None:
            settings = dataclasses.replace(settings, **{name: getattr(given, name)})
    return settings


def foretell(run: Run) -> None:
    """Say what the check will take, where that is known, and what it can show."""
    need = foretold(run)
    if need is not None:
        terminal.note(need_line(need))
    plan, view, heldout = run.plan(), run.view(), run.heldout()
    if plan.left_out:
        terminal.note(left_out_sentence(plan.left_out))
    if said := few_answers_sentence(plan.spec, (*view.train, *view.dev, *heldout)):
        terminal.note(f"{said} See: rungwise audit {run.project}")
    planned = {rung_of(cell) for cell in plan.cells} & set(rungs())
    if said := showing_sentence(showing(heldout, plan.spec), len(planned)):
        terminal.note(said)


class Closing(Protocol):
    """Progress that leaves the terminal tidy."""

    def close(self) -> None:
        """Show no more."""
        ...


Shown = TypeVar("Shown", bound=Closing)


@contextlib.contextmanager
def stoppable(progress: Shown, go_on: str) -> Iterator[Shown]:
    """Work with its progress on stderr; a request to stop ends it and says how to go on."""

    def stopped(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)
    try:
        yield progress
    except (JobError, KeyboardInterrupt):
        progress.close()
        terminal.note(f"\n{go_on}")
        raise
    finally:
        progress.close()


def follow(project: Project, run: Run) -> Experiment:
    """Run a check with its progress and its failed cells on stderr; a request to stop ends it."""
    go_on = f"go on with: rungwise check {project.root} --run {run.name}"
    with stoppable(Progress(run.plan().cells), go_on) as progress:
        experiment = workflow.check(project, run, progress)
    show_failed(experiment.failed, go_on)
    return experiment


def show_failed(failed: Mapping[str, str], go_on: str) -> int:
    """Say which cells failed and how to go on.

    Returns:
        The exit status.
    """
    if failed:
        fix = f"mend that; then {go_on}"
        terminal.show_error(JobError(*(Problem(why, fix, cell) for cell, why in failed.items())))
    return 1 if failed else 0
