"""What takes seconds to compute and stays the same while the files do.

Shared by all sessions, so everything kept here is frozen; few entries, for a project can be large.
"""

import contextlib
from pathlib import Path

import streamlit as st

from advisor import workflow
from advisor.audit import AuditReport, audit
from advisor.items import Item, items_of
from advisor.project import ANSWERS, Project, open_project
from advisor.report import Audience, Report, build, report_format
from advisor.report.sources import read_sources
from harness.data_files import read_rows
from harness.errors import Problem, UserError
from harness.estimate import CheckNeed, known_estimate
from harness.experiment import Experiment
from harness.settings import CheckSettings
from harness.store import Run
from harness.task import Loaded


def loaded(project: Project) -> Loaded:
    """The project's data, read again when a file has changed."""
    return _loaded(str(project.root), stamp(project.root))


def audited(project: Project) -> AuditReport:
    """The findings on the project's data."""
    return _audited(str(project.root), stamp(project.root))


def known_need(project: Project, settings: CheckSettings) -> CheckNeed | None:
    """What a check will take, where this machine's speed is known."""
    return _known_need(str(project.root), stamp(project.root), settings)


def forget_needs() -> None:
    """Ask anew: the machine's speed has been measured since."""
    _known_need.clear()


def columns_in(project: Project) -> list[str]:
    """Names of the columns in the table of examples; none where it cannot be read."""
    return _columns_in(str(project.sources().train), stamp(project.root))


def items(run: Run, experiment: Experiment) -> tuple[Item, ...]:
    """The held-out items of a finished run."""
    return _items(str(run.folder), _written(run), experiment)


def report(run: Run, audience: Audience) -> Report:
    """The report of a finished run."""
    return _report(str(run.folder), _written(run), audience)


def rendered(run: Run, audience: Audience, form: str) -> bytes:
    """The report as a file."""
    return _rendered(str(run.folder), _written(run), audience, form)


def _written(run: Run) -> float:
    return (run.folder / "experiment.json").stat().st_mtime


def stamp(root: Path) -> str:
    """Changes whenever something in a project changes that its data depends on."""
    files = [file for file in root.glob("*") if file.is_file() and file.name != ANSWERS]
    files += [file for file in (root / "data").rglob("*") if file.is_file()]
    return str(hash(tuple((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in sorted(files))))


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(root: str, stamp: str) -> Loaded:
    return workflow.load(open_project(Path(root)))


@st.cache_resource(max_entries=2, show_spinner=False)
def _audited(root: str, stamp: str) -> AuditReport:
    project = open_project(Path(root))
    return audit(_loaded(root, stamp), project.spec())


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_need(root: str, stamp: str, settings: CheckSettings) -> CheckNeed | None:
    task = _loaded(root, stamp).task
    if task is None:
        return None
    with contextlib.suppress(UserError):  # what is wrong with the model is said at the start
        return known_estimate(Path(root), task, settings)
    return None


@st.cache_resource(max_entries=2, show_spinner=False)
def _columns_in(file: str, stamp: str) -> list[str]:
    rows = read_rows(Path(file)).rows
    return list(dict.fromkeys(name for row in rows for name in row.fields))


@st.cache_resource(max_entries=2, show_spinner=False)
def _items(folder: str, written: float, _experiment: Experiment) -> tuple[Item, ...]:
    run = Run(Path(folder))
    return items_of(read_sources(run, _experiment, workflow.prior_of(run)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _report(folder: str, written: float, audience: Audience) -> Report:
    run = Run(Path(folder))
    experiment = workflow.experiment_of(run)
    if experiment is None:
        raise UserError(Problem("the run is not finished", "go on with the check", run.name))
    return build(run, experiment, workflow.prior_of(run), audience)


@st.cache_resource(max_entries=4, show_spinner=False)
def _rendered(folder: str, written: float, audience: Audience, form: str) -> bytes:
    return report_format(form).render(_report(folder, written, audience))
