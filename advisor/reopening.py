"""What has come to pass since a decision, and whether that reopens it."""

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from advisor.decision import Decision, decisions_of
from advisor.project import CONFIG, Project, answers_in, read_project
from advisor.questionnaire import AnswerSheet
from advisor.result_file import experiment_of
from advisor.triggers import Fired, Later, triggered, unseen
from advisor.weighed import known_prices
from harness.errors import RungwiseError, UserError
from harness.experiment import Experiment
from harness.store import Run, runs_in


class Standing(NamedTuple):
    """A decision as it stands today."""

    versions: tuple[Decision, ...]
    """The oldest first; empty where nothing was decided."""
    fired: tuple[Fired, ...]
    """What reopens the one in force."""
    unseen: tuple[str, ...] = ()
    """What is watched and cannot be seen as things stand."""


UNDECIDED = Standing((), ())


def standing(run: Run) -> Standing:
    """The decision on a run, finished or not, and what has come to pass since.

    Raises:
        UserError: decision.json or the project is damaged.
    """
    versions = decisions_of(run)
    if not versions:
        return UNDECIDED
    root = run.project
    # whatever else is wrong with a project, what it says of model and answers still counts
    project = read_project(root) if (root / CONFIG).is_file() else None
    known = Later(today())
    if project is not None:
        sheet, done = _answers(root), experiment_of(run)
        known = dataclasses.replace(
            known,
            prices=known_prices(done, project.prices) if done else None,
            currency=project.prices.currency,
            newer_score=project.check.newer_score,
            volume=project.prices.answers_per_month,
            changes=project.prices.changes_per_month,
            answers=sheet.answers if sheet else None,
            experiment=_newest(run, project),
        )
    last = versions[-1]
    return Standing(versions, triggered(last, project, known), unseen(last, known))


def _answers(root: Path) -> AnswerSheet | None:
    """The questionnaire; a damaged one says nothing here: `rungwise ask` does."""
    try:
        return answers_in(root)
    except UserError:
        return None


def _newest(run: Run, project: Project) -> Experiment | None:
    """The newest finished check that was started after this one; a damaged one says nothing."""
    since = run.plan().created
    for one in runs_in(project.root):
        if one.name == run.name:
            continue
        try:
            found = experiment_of(one)
        except RungwiseError:
            continue
        if found is not None and found.created > since:
            return found
    return None


def today() -> date:
    """By the clock of whoever decides."""
    return datetime.now(UTC).astimezone().date()


def reopened(root: Path) -> list[tuple[Run, Standing]]:
    """A project's runs whose decision should be looked at again, the newest first.

    A damaged run says nothing here: `rungwise runs` does.
    """
    found = []
    for run in runs_in(root):
        try:
            stands = standing(run)
        except RungwiseError:
            continue
        if stands.fired:
            found.append((run, stands))
    return found
