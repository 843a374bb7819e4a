"""rungwise check: run the rungs on the project's data."""

import dataclasses
from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import terminal, workflow
from advisor.project import Project, open_project
from advisor.summary import summary
from advisor.verb import Verb
from advisor.verbs_shared import follow
from harness.effort import EFFORTS
from harness.runner import CheckSettings


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--rungs", help="comma-separated; default: as in rungwise.toml")
    parser.add_argument("--seeds", type=int, help="training runs of the tuned rungs")
    parser.add_argument("--effort", choices=list(EFFORTS), help="how hard each rung tries")
    parser.add_argument("--model", help="embedded name, hub id, local folder, or endpoint")
    parser.add_argument("--run", default="", help="name of the run; an existing one goes on")
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Check, showing progress; exit 1 when a rung failed."""
    project = open_project(given.dir)
    started = workflow.start_run(
        project, given.run, settings=_settings(project, given), say=terminal.note
    )
    experiment = follow(project, started)
    if given.json:
        terminal.out_json(experiment)
    else:
        terminal.out(summary(experiment))
        terminal.out(f"\nrun: {started.folder}")
    return 1 if experiment.failed else 0


def _settings(project: Project, given: Namespace) -> CheckSettings:
    """rungwise.toml, with what the command line says instead."""
    settings = project.settings()
    if given.rungs:
        rungs = tuple(name.strip() for name in given.rungs.split(",") if name.strip())
        settings = dataclasses.replace(settings, rungs=rungs)
    if given.model:
        settings = dataclasses.replace(settings, generator=given.model, revision="")
    for name in ("seeds", "effort"):
        if getattr(given, name) is not None:
            settings = dataclasses.replace(settings, **{name: getattr(given, name)})
    return settings


VERB = Verb(
    name="check",
    help="run the rungs on the project's data and say which to use",
    example="rungwise check support-desk --effort quick",
    configure=configure,
    run=run,
)
