"""rungwise runs: the project's history."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.decision_words import choice, fired_sentence
from advisor.project import read_project
from advisor.reopening import standing
from advisor.terminal import out, out_json, table
from advisor.track_record import track_record
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
    runs = runs_in(read_project(given.dir).root)
    rows = []
    for found in runs:
        try:
            rows.append([found.name, *_standing(found), *_decision(found)])
        except UserError as error:
            problem = error.problems[0]
            rows.append([found.name, "", "damaged", f"{problem}; {problem.fix}", "", ""])
    if given.json:
        keys = ("run", "created", "state", "verdict", "decision", "reopened_by")
        out_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        head = ["run", "started (UTC)", "state", "verdict", "decision"]
        out(table(head, [row[:5] for row in rows], texts=5))
        told = [f"{row[0]}: {row[5]}" for row in rows if row[5]]
        for line in (*told, track_record(runs).sentence):
            if line:
                out(f"\n{line}")
    else:
        out(f"no runs yet; start one with: rungwise check {given.dir}")
    return 0


def _decision(found: Run) -> tuple[str, str]:
    """What was decided on it, and why to look at that again; empty where there is nothing."""
    stands = standing(found)
    if not stands.versions:
        return "", ""
    return choice(stands.versions[-1].rung), fired_sentence(stands.fired) if stands.fired else ""


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
