"""The verdict of a finished check, and when it is reached anew.

A verdict hangs on what was measured, which stays, and on what may come later: prices and a learning
curve. Prices stand in a file that people change by hand; a report whose table of costs went by the
new ones and whose verdict by the old would contradict itself.
"""

import contextlib
import dataclasses

import msgspec

from advisor import result_file
from advisor.economics import costs_of
from advisor.forecast import foretold
from advisor.learning_words import answer
from advisor.prices import Prices
from advisor.prior import prior_of
from advisor.project import Project, answers_in, open_project, prices_of
from advisor.result_file import EXPERIMENT
from advisor.taken_words import taken_of
from advisor.verdict import reconcile
from harness.disk import write_json
from harness.errors import RungwiseError
from harness.experiment import Experiment
from harness.learning.result import result_of
from harness.store import Run
from harness.types import Json


def judge(project: Project, run: Run, experiment: Experiment) -> Experiment:
    """Reconcile what was measured with what was expected, and write experiment.json."""
    advised, curve = prior_of(run), result_of(run)
    sheet = answers_in(project.root)
    verdict = reconcile(
        experiment,
        advised,
        spared_s=_spared(run, experiment),
        costs=costs_of(experiment, project.prices) if project.prices.given else None,
        answered_late=advised is None and bool(sheet and sheet.answers),
        learned=answer(curve) if curve else "",
    )
    judged = dataclasses.replace(
        experiment,
        verdict=msgspec.to_builtins(verdict),
        prices=_kept(project.prices),
        taken=taken_of(experiment, foretold(run)),
    )
    write_json(run.folder / EXPERIMENT, judged)
    return judged


def judge_again(project: Project, run: Run) -> None:
    """Write the verdict of a finished run anew; nothing is measured."""
    experiment = result_file.experiment_of(run)
    if experiment is not None:
        judge(project, run, experiment)


def experiment_of(run: Run) -> Experiment | None:
    """The finished experiment, its verdict by the prices as they are now; None while it is open.

    Where the project cannot be read, or the run's folder not written to, the verdict stays what it
    was: what is wrong with prices is told where they are shown.
    """
    experiment = result_file.experiment_of(run)
    if experiment is None:
        return None
    with contextlib.suppress(RungwiseError):
        if _kept(prices_of(run.project)) != experiment.prices:
            return judge(open_project(run.project), run, experiment)
    return experiment


def _kept(prices: Prices) -> dict[str, Json]:
    """Prices as they are kept with a verdict: those that are given."""
    every: dict[str, Json] = msgspec.to_builtins(prices)
    return {key: value for key, value in every.items() if value not in {None, ""}}


def _spared(run: Run, experiment: Experiment) -> float | None:
    """Seconds that the rungs a climb left out were expected to take."""
    need = foretold(run)
    if need is None:
        return None
    return sum(one.seconds for one in need.rungs if one.rung in experiment.not_run)
