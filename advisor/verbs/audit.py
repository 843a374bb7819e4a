"""rungwise audit: what is wrong with the data, and what to do."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from advisor.audit import AuditReport, audit
from advisor.project import read_project
from advisor.ready import load_what_can_be
from advisor.terminal import out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from harness.errors import UserError

WORDS = {"error": "must fix", "warning": "should know", "info": "fine"}


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print the findings; exit 1 if any stops a check."""
    project = read_project(given.dir)
    with closing(Steps()) as steps:
        loaded, problems = load_what_can_be(project, steps.reading)
        if project.problems or loaded is None:
            raise UserError(*problems)
        report = audit(loaded, project.spec(), settings=project.settings(), on_finder=steps.looking)
    if given.json:
        out_json(report)
    else:
        _print(report, given.dir)
    return 1 if any(finding.severity == "error" for finding in report.findings) else 0


def _print(report: AuditReport, folder: Path) -> None:
    pairs = f", {report.preferences:,} preference pairs" if report.preferences else ""
    out(f"{report.examples:,} examples, {report.documents:,} documents{pairs}")
    for severity, words in WORDS.items():
        for finding in report.findings:
            if finding.severity == severity:
                out(f"\n{words}: {finding.message}")
                if finding.rows:
                    more = finding.count - len(finding.rows[:5])
                    and_more = f" and {more:,} more" if more > 0 else ""
                    out(f"  rows: {', '.join(finding.rows[:5])}{and_more}")
                out(f"  fix: {finding.fix}")
    stops = sum(finding.severity == "error" for finding in report.findings)
    if stops:
        out(f"\nnothing can be checked before that is mended; then run: rungwise audit {folder}")
    else:
        out(f"\nnothing stands against a check; next: rungwise check {folder}")


VERB = Verb(
    name="audit",
    example="rungwise audit support-desk",
    configure=configure,
    run=run,
)
