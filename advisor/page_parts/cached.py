"""What is made of a finished run and stays the same while its files do.

Shared by all sessions, so everything kept here is frozen; few entries, for a run can be large.
"""

import contextlib
from pathlib import Path

import streamlit as st

from advisor import workflow
from advisor.decision import FILE
from advisor.items import Item, items_of
from advisor.project import ANSWERS, CONFIG, Project
from advisor.reopening import today
from advisor.report import Audience, Report, build, report_format
from advisor.report.sources import read_sources
from advisor.result_file import EXPERIMENT
from harness import exporting
from harness.beside import store_of
from harness.errors import UserError
from harness.estimate import CheckNeed, known_estimate
from harness.experiment import Experiment
from harness.learning import result as learning
from harness.probe_result import RESULT
from harness.probes import probes
from harness.resampled import Resampled, resampled
from harness.settings import CheckSettings
from harness.store import Run, runs_in
from harness.types import Task

JUDGED = ("judge/answers.jsonl", "judge/pairs.jsonl")
"""Verdicts of a judge, which come in while a page is open."""


def known_need(project: Project, task: Task, settings: CheckSettings) -> CheckNeed | None:
    """What a check will take, where this machine's speed is known."""
    return _known_need(str(project.root), task.fingerprint, settings, task)


def forget_needs() -> None:
    """Ask anew: the machine's speed has been measured since."""
    _known_need.clear()


def items(run: Run, experiment: Experiment) -> tuple[Item, ...]:
    """The held-out items of a finished run."""
    return _items(str(run.folder), _written(run), experiment)


def drawn(run: Run, experiment: Experiment) -> Resampled:
    """The scores of a finished run, resampled."""
    return _drawn(str(run.folder), _measured(run), experiment)


def report(run: Run, audience: Audience) -> Report:
    """The report of a finished run."""
    return _report(str(run.folder), _changed(run), audience)


def rendered(run: Run, audience: Audience, form: str) -> bytes:
    """The report as a file."""
    return _rendered(str(run.folder), _changed(run), audience, form)


def _measured(run: Run) -> tuple[float, ...]:
    """When the result was last written."""
    return ((run.folder / EXPERIMENT).stat().st_mtime,)


def _written(run: Run) -> tuple[float, ...]:
    """When what a report rests on was last written: the result, and the project's own prices."""
    files = (run.folder / EXPERIMENT, run.project / CONFIG)
    return tuple(file.stat().st_mtime for file in files if file.is_file())


def _changed(run: Run) -> tuple[float, ...]:
    """The same, and when something was recorded beside it: decision, export, probe, labels.

    A later check and the day may reopen a decision.
    """
    ended = (store_of(run, name).folder / RESULT for name in probes())
    curve = learning.store_of(run).folder / learning.RESULT
    beside = (run.folder / name for name in (FILE, exporting.FILE, "labels.jsonl", *JUDGED))
    answers = run.project / ANSWERS  # they propose weights
    later = (one.folder / EXPERIMENT for one in runs_in(run.project))
    return (
        *_written(run),
        float(today().toordinal()),
        *(
            f.stat().st_mtime if f.is_file() else 0.0
            for f in (*ended, curve, *beside, answers, *later)
        ),
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_need(
    root: str, fingerprint: str, settings: CheckSettings, _task: Task
) -> CheckNeed | None:
    with contextlib.suppress(UserError):  # what is wrong with the model is said at the start
        return known_estimate(Path(root), _task, settings)
    return None


@st.cache_resource(max_entries=2, show_spinner=False)
def _items(folder: str, written: tuple[float, ...], _experiment: Experiment) -> tuple[Item, ...]:
    run = Run(Path(folder))
    return items_of(read_sources(run, _experiment, workflow.prior_of(run)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _drawn(folder: str, written: tuple[float, ...], _experiment: Experiment) -> Resampled:
    return resampled(Run(Path(folder)), _experiment)


@st.cache_resource(max_entries=4, show_spinner=False)
def _report(folder: str, written: tuple[float, ...], audience: Audience) -> Report:
    run = Run(Path(folder))
    return build(run, workflow.finished(run), workflow.prior_of(run), audience)


@st.cache_resource(max_entries=4, show_spinner=False)
def _rendered(folder: str, written: tuple[float, ...], audience: Audience, form: str) -> bytes:
    return report_format(form).render(_report(folder, written, audience))
