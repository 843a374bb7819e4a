"""rungwise check: run the rungs on the project's data."""

import dataclasses
from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import terminal, workflow
from advisor.project import Project, read_project
from advisor.summary import summary
from advisor.verb import Verb
from advisor.verbs_shared import follow
from harness.effort import EFFORTS
from harness.rungs import rungs
from harness.settings import CheckSettings

SETTINGS = ("rungs", "seeds", "effort", "model")


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    known = ", ".join(rungs())
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument(
        "--rungs", metavar="NAMES", help=f"of {known}, parted by commas; default: rungwise.toml's"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="training runs of each tuned rung")
    parser.add_argument(
        "--effort", metavar="WORD", help=f"how hard each rung tries: {', '.join(EFFORTS)}"
    )
    parser.add_argument(
        "--model", metavar="ID", help="embedded name, hub id, model folder, or openai:URL#MODEL"
    )
    parser.add_argument(
        "--run", default="", metavar="ID", help="name of the run; one that is there goes on"
    )
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Check, showing progress; exit 1 when a rung failed."""
    project = read_project(given.dir)  # what is wrong with it is said with what else is wrong
    run_file = project.root / "runs" / given.run / "run.json"
    if given.run and run_file.is_file() and any(getattr(given, name) for name in SETTINGS):
        terminal.note(f"{given.run} goes on with the settings it was started with.")
    started = workflow.start_run(
        project, given.run, settings=_settings(project, given), say=terminal.note
    )
    experiment = follow(project, started)
    if given.json:
        terminal.out_json(experiment)
    else:
        terminal.out(summary(experiment))
        terminal.out(f"\nrun: {started.folder}")
        terminal.out(f"next: rungwise report {started.folder}")
    return 1 if experiment.failed else 0


def _settings(project: Project, given: Namespace) -> CheckSettings:
    """rungwise.toml, with what the command line says instead."""
    settings = project.settings()
    if given.rungs is not None:
        names = (name.strip() for name in given.rungs.split(","))
        settings = dataclasses.replace(settings, rungs=tuple(name for name in names if name))
    if given.model is not None:
        settings = dataclasses.replace(settings, generator=given.model, revision="")
    for name in ("seeds", "effort"):
        if getattr(given, name) is not None:
            settings = dataclasses.replace(settings, **{name: getattr(given, name)})
    return settings


VERB = Verb(
    name="check",
    example="rungwise check support-desk --effort quick",
    configure=configure,
    run=run,
)
