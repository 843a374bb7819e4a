"""The step after the verdict: weigh the rungs, and decide. What follows: `advisor.reopening`."""

import dataclasses
from dataclasses import dataclass

from advisor import workflow
from advisor.decision import Decision, Triggers, decided, evidence_of, record
from advisor.project import CONFIG, Project, open_project
from advisor.weighed import Weighed, known_prices, weigh_finished
from harness.experiment import Experiment
from harness.resampled import Resampled
from harness.store import Run


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
    root = run.project
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
    currency = project.prices.currency if project and evidence.prices else ""
    evidence = dataclasses.replace(evidence, currency=currency)
    made = decided(rung, by, why, evidence, triggers)
    record(of.run, made, of.experiment)
    return made
