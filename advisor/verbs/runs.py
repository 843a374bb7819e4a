"""rungwise runs: the project's history."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.project import read_project
from advisor.terminal import out, out_json, table
from advisor.verb import Verb
from harness.errors import UserError
from harness.runner import is_running
from harness.store import Run, runs_in


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """List runs, newest first; a damaged one is listed as such, with what to do."""
    rows = []
    for found in runs_in(read_project(given.dir).root):
        try:
            rows.append([found.name, *_standing(found)])
        except UserError as error:
            problem = error.problems[0]
            rows.append([found.name, "", "damaged", f"{problem}; {problem.fix}"])
    if given.json:
        keys = ("run", "created", "state", "verdict")
        out_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        out(table(["run", "started (UTC)", "state", "verdict"], rows, texts=4))
    else:
        out(f"no runs yet; start one with: rungwise check {given.dir}")
    return 0


def _standing(found: Run) -> tuple[str, str, str]:
    created = found.plan().created[:16].replace("T", " ")
    experiment = workflow.experiment_of(found)
    if experiment is not None:
        return created, "finished", workflow.verdict_of(experiment).headline
    return created, "running" if is_running(found) else "unfinished", ""


VERB = Verb(
    name="runs",
    example="rungwise runs support-desk",
    configure=configure,
    run=run,
)
