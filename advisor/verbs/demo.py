"""rungwise demo: the whole way on a sample project."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from advisor import terminal, workflow
from advisor.audit import audit
from advisor.project import open_project
from advisor.sample_projects import SAMPLES, copy_sample
from advisor.summary import prior_summary, summary
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from advisor.verbs_shared import follow, foretell


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--sample", default=SAMPLES[0], help="which sample project")
    parser.add_argument("--out", type=Path, help="where to copy it; default ./demo/SAMPLE")
    parser.add_argument("--run", default="demo", help="name of the run")


def run(given: Namespace) -> int:
    """Copy, ask, audit, check, report; an interrupted demo goes on where it was."""
    root = copy_sample(given.sample, given.out or Path("demo") / given.sample)
    project = open_project(root)
    terminal.note(f"1/4 the sample project is in {root}")
    recommendation = workflow.prior(project)
    if recommendation is not None:
        terminal.note(f"2/4 {prior_summary(recommendation)}")
    with closing(Steps()) as steps:
        loaded = workflow.load(project, steps.reading)
        report = audit(loaded, project.spec(), settings=project.settings(), on_finder=steps.looking)
    terminal.note(
        f"3/4 data: {report.examples} examples, {report.documents} documents, "
        f"{len(report.findings)} findings"
    )
    terminal.note("4/4 the check")
    started = workflow.start_run(project, given.run, say=terminal.note)
    foretell(started)
    experiment = follow(project, started)
    terminal.out(summary(experiment))
    for path in workflow.write_report(started, ("html", "json")):
        terminal.out(f"report: {path.resolve()}")
    return 1 if experiment.failed else 0


VERB = Verb(
    name="demo",
    example="rungwise demo --sample ticket-routing",
    configure=configure,
    run=run,
)
