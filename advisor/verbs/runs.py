"""rungwise runs: the project's history."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.project import open_project
from advisor.terminal import out, out_json, table
from advisor.verb import Verb
from harness.runner import is_running


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """List runs, newest first."""
    rows = []
    for found, experiment in workflow.history(open_project(given.dir)):
        if experiment is not None:
            state, what = "finished", str(experiment.verdict["headline"])
        else:
            state, what = ("running", "") if is_running(found) else ("unfinished", "")
        rows.append([found.name, found.plan().created[:16].replace("T", " "), state, what])
    if given.json:
        keys = ("run", "created", "state", "verdict")
        out_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        out(table(["run", "started (UTC)", "state", "verdict"], rows))
    else:
        out(f"no runs yet; start one with: rungwise check {given.dir}")
    return 0


VERB = Verb(
    name="runs",
    help="list the project's runs",
    example="rungwise runs support-desk",
    configure=configure,
    run=run,
)
