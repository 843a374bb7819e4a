"""rungwise demo: the whole way on a sample project."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from advisor import terminal, workflow
from advisor.auditing import audit_of
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
    parser.add_argument("--json", action="store_true", help="print experiment.json and reports")


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
        report = audit_of(project, loaded, steps.looking)
    terminal.note(
        f"3/4 data: {report.examples} examples, {report.documents} documents, "
        f"{len(report.findings)} findings"
    )
    terminal.note("4/4 the check")
    started = workflow.start_run(project, given.run, audited=report, say=terminal.note)
    foretell(started)
    experiment = follow(project, started)
    written = workflow.write_report(started, ("html", "json"))
    paths = [str(path.resolve()) for path in written]
    if given.json:
        terminal.out_json({"reports": paths, "experiment": experiment})
    else:
        reports = (f"report: {path}" for path in paths)
        terminal.out(
            "\n".join([summary(experiment), *reports, f"in the browser: rungwise app {root}"])
        )
    return 1 if experiment.failed else 0


VERB = Verb(
    name="demo",
    example="rungwise demo --sample ticket-routing",
    configure=configure,
    run=run,
)
