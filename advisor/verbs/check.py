"""rungwise check: run the rungs on the project's data."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import terminal, workflow
from advisor.decision_words import standing_sentence
from advisor.project import read_project
from advisor.reopening import reopened
from advisor.summary import summary
from advisor.taken_words import taken_line
from advisor.target_words import no_target_text
from advisor.verb import Verb
from advisor.verbs_shared import SETTINGS, add_check_options, check_settings, follow, foretell


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    add_check_options(parser)
    parser.add_argument(
        "--run", default="", metavar="ID", help="name of the run; one that is there goes on"
    )
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Check, showing progress; exit 1 when a rung failed."""
    project = read_project(given.dir)  # what is wrong with it is said with what else is wrong
    run_file = project.root / "runs" / given.run / "run.json"
    going_on = bool(given.run) and run_file.is_file()
    if going_on and any(getattr(given, name) for name in SETTINGS):
        terminal.note(f"{given.run} goes on with the settings it was started with.")
    started = workflow.start_run(
        project, given.run, settings=check_settings(project, given), say=terminal.note
    )
    if going_on and given.climb is False:
        workflow.run_the_rest(started)
    if not going_on:  # of an old one much may be done
        foretell(started)
        if started.plan().target is None:
            terminal.note(no_target_text(project))
    experiment = follow(project, started)
    if given.json:
        terminal.out_json(experiment)
    else:
        terminal.out(summary(experiment))
        for earlier, stands in reopened(project.root):
            told = standing_sentence(stands.versions[-1].rung, stands.fired)
            terminal.out(f"\nOn {earlier.name}: {told}")
        if line := taken_line(experiment):
            terminal.out(f"\n{line}")
        terminal.out(f"\nrun: {started.folder}")
        terminal.out(f"next: rungwise report {started.folder}")
    return 1 if experiment.failed else 0


VERB = Verb(
    name="check",
    example="rungwise check support-desk --effort quick",
    configure=configure,
    run=run,
)
