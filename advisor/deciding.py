"""The step after the verdict, in order: weigh the rungs, decide, see what reopens the decision."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from advisor import workflow
from advisor.decision import Decision, Triggers, decided, decisions_of, evidence_of, record
from advisor.project import CONFIG, Project, open_project, read_project
from advisor.triggers import Fired, Later, triggered, unseen
from advisor.weighed import Weighed, known_prices, weigh_finished
from harness.errors import RungwiseError
from harness.experiment import Experiment
from harness.resampled import Resampled
from harness.store import Run, runs_in


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run, read."""

    run: Run
    experiment: Experiment


def project_of(run: Run) -> Project | None:
    """The project that a run lies in; None where it lies apart.

    Raises:
        UserError: its rungwise.toml is wrong.
    """
    root = run.folder.parents[1]
    return open_project(root) if (root / CONFIG).is_file() else None


def finished(run: Run) -> Finished:
    """A run whose check has ended.

    Raises:
        UserError: it has not, or its files are damaged.
    """
    return Finished(run, workflow.finished(run))


def weigh_run(of: Finished, drawn: Resampled | None = None) -> Weighed:
    """Weigh a finished run with its project's weights, at its prices.

    Args:
        of: the run.
        drawn: its resampled scores, where they are at hand.

    Raises:
        UserError: weights, prices or a stored file are wrong, or no rung can be weighed.
    """
    return weigh_finished(of.run, of.experiment, workflow.prior_of(of.run), drawn)


def decide(
    of: Finished, rung: str, by: str, why: str, triggers: Triggers, weighed: Weighed | None
) -> Decision:
    """Record a decision with the evidence it rests on; earlier versions stay.

    Args:
        of: the run it rests on.
        rung: one of the check, ``none`` or ``not_decided``.
        by: who decided.
        why: in their own words.
        triggers: what reopens it.
        weighed: with the weights as they were; None where nothing could be weighed.

    Raises:
        UserError: everything that is wrong with it, at once.
        JobError: it cannot be written.
    """
    project = project_of(of.run)
    sheet = workflow.answers_of(project) if project else None
    evidence = evidence_of(
        of.experiment,
        weights=weighed.weighing.shares if weighed else None,
        first=weighed.weighing.first.rung if weighed else None,
        answers=sheet.answers if sheet else None,
        prices=known_prices(of.experiment, project.prices) if project else None,
        configured=project.model.generator if project else "",
    )
    made = decided(rung, by, why, evidence, triggers)
    record(of.run, made, of.experiment)
    return made


class Standing(NamedTuple):
    """A decision as it stands today."""

    versions: tuple[Decision, ...]
    """The oldest first; empty where nothing was decided."""
    fired: tuple[Fired, ...]
    """What reopens the one in force."""
    unseen: tuple[str, ...] = ()
    """What is watched and cannot be seen as things stand."""


def standing(run: Run) -> Standing:
    """The decision on a run, finished or not, and what has come to pass since.

    Raises:
        UserError: decision.json or the project is damaged.
    """
    versions = decisions_of(run)
    if not versions:
        return Standing((), ())
    root = run.folder.parents[1]
    # whatever else is wrong with a project, what it says of model and answers still counts
    project = read_project(root) if (root / CONFIG).is_file() else None
    known = Later(datetime.now(UTC).astimezone().date())
    if project is not None:
        sheet = workflow.answers_of(project)
        done = workflow.experiment_of(run)
        known = dataclasses.replace(
            known,
            prices=known_prices(done, project.prices) if done else None,
            volume=project.prices.answers_per_month,
            changes=project.prices.changes_per_month,
            answers=sheet.answers if sheet else None,
            experiment=_newest(run, project),
        )
    last = versions[-1]
    return Standing(versions, triggered(last, project, known), unseen(last, known))


def _newest(run: Run, project: Project) -> Experiment | None:
    """The newest finished check that was started after this one; a damaged one says nothing."""
    since = run.plan().created
    for one in runs_in(project.root):
        if one.name == run.name:
            continue
        try:
            found = workflow.experiment_of(one)
        except RungwiseError:
            continue
        if found is not None and found.created > since:
            return found
    return None
