"""The folder in which the app keeps projects: what is there, and how a new one gets in."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor import workflow
from advisor.decision_words import choice, fired_sentence
from advisor.new_project import create_project
from advisor.placing import doubled
from advisor.project import CONFIG, Project, open_project
from advisor.reopening import standing
from advisor.sample_projects import copy_sample
from advisor.settings_file import change
from advisor.track_record import TrackRecord, track_record_of
from harness.errors import Problem, RungwiseError, UserError
from harness.store import Run, runs_in


@dataclass(frozen=True, slots=True)
class Shelved:
    """A project as the list of projects shows it."""

    root: Path
    name: str
    run: str
    """The newest run; empty when there is none."""
    words: str
    """The verdict of that run, or what is to be done."""
    at: str
    """When that run was started, ISO 8601; empty when there is none."""
    decision: str = ""
    """What was decided on that run, and whether to look at it again; empty where nothing was."""


FOLDER = "RUNGWISE_PROJECTS"
"""Variable of the environment that names another folder than the usual one."""
DEMOS = "demo"
"""Folder that the demo puts samples into, below the one it is started from."""


def projects_folder() -> Path:
    """Where the app keeps projects: ``RUNGWISE_PROJECTS``, else a folder in the user's home."""
    given = os.environ.get(FOLDER)
    return Path(given).expanduser() if given else Path.home() / "rungwise-projects"


def recent(most: int = 6, also: Path | None = None) -> list[Shelved]:
    """The projects that were worked on last, newest first.

    Args:
        most: how many at most.
        also: a project that lies elsewhere.
    """
    found = sorted(_projects(also), key=_touched, reverse=True)
    return [_shelved(root) for root in found[:most]]


def _projects(also: Path | None) -> set[Path]:
    # whoever names a folder wants the projects of that one
    demos = () if os.environ.get(FOLDER) else (Path.cwd() / DEMOS,)
    places = (projects_folder(), *demos)
    found = {file.parent.resolve() for place in places for file in place.glob(f"*/{CONFIG}")}
    if also is not None and (also / CONFIG).is_file():
        found.add(also.resolve())
    return found


def prior_and_evidence(also: Path | None = None) -> TrackRecord:
    """How often the measurement confirmed the answers, over all projects of the folder.

    Args:
        also: a project that lies elsewhere.
    """
    return track_record_of(_projects(also))


def take_sample(name: str) -> Path:
    """Copy a sample project into the folder; a copy that is there already is taken as it is."""
    return copy_sample(name, projects_folder() / name)


def take_files(name: str, files: Sequence[tuple[str, bytes]]) -> Path:
    """Make a project of files that were handed over.

    Args:
        name: what the user calls it.
        files: name and content of each; only the last part of a name is used.

    Raises:
        UserError: no usable name, no files, two files of one name, or files that cannot be
            understood.
    """
    folder = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
    if not folder:
        raise UserError(Problem("the project has no name", "give it a short name", "name"))
    if not files:
        raise UserError(Problem("there are no files", "add a table of examples", "files"))
    names = [_file_name(given) for given, _ in files]
    if problems := doubled(names):
        raise UserError(*problems)
    root = projects_folder() / folder
    with tempfile.TemporaryDirectory() as given:
        for one, (_, content) in zip(names, files, strict=True):
            (Path(given) / one).write_bytes(content)
        create_project(root, [Path(given) / one for one in names])
    change(root, {("project", "name"): name.strip()})
    return root


def _file_name(given: str) -> str:
    """The last part of a name, whichever way its folders are separated."""
    return Path(given.replace("\\", "/")).name or "file"


def _touched(root: Path) -> float:
    """When a project was last worked on."""
    files = [root / CONFIG, root / "answers.toml", *(root / "runs").glob("*/events.jsonl")]
    return max(file.stat().st_mtime for file in files if file.is_file())


def _shelved(root: Path) -> Shelved:
    try:
        project = open_project(root)
        name, run, words, at = _standing(project)
        decision = _decided(Run(root / "runs" / run)) if run else ""
    except RungwiseError as error:
        return Shelved(root, root.name, "", f"Needs mending: {error.problems[0]}", "")
    return Shelved(root, name, run, words, at, decision)


def _decided(run: Run) -> str:
    found = standing(run)
    if not found.versions:
        return ""
    again = f" {fired_sentence(found.fired)}" if found.fired else ""
    return f"Decided: {choice(found.versions[-1].rung)}{again}"


def _standing(project: Project) -> tuple[str, str, str, str]:
    runs = runs_in(project.root)
    if not runs:
        answered = workflow.answers_of(project)
        words = "Not checked yet." if answered else "Questions not answered yet."
        return project.name, "", words, ""
    run = runs[0]
    experiment = workflow.experiment_of(run)
    words = "The check is not finished."
    if experiment is not None:
        verdict = workflow.verdict_of(experiment)
        words = f"{verdict.headline} {verdict.sentence}"
    return project.name, run.name, words, run.plan().created
