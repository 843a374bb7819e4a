"""rungwise audit: what is wrong with the data, and what to do."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.audit import audit
from advisor.project import open_project
from advisor.terminal import out, out_json
from advisor.verb import Verb

WORDS = {"error": "must fix", "warning": "should know", "info": "fine"}


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print the findings; exit 1 if any stops a check."""
    project = open_project(given.dir)
    report = audit(workflow.load(project), project.spec())
    if given.json:
        out_json(report)
    else:
        out(f"{report.examples:,} examples, {report.documents:,} documents")
        for severity, words in WORDS.items():
            for finding in report.findings:
                if finding.severity == severity:
                    out(f"\n{words}: {finding.message}")
                    if finding.rows:
                        more = finding.count - len(finding.rows[:5])
                        out(
                            f"  rows: {', '.join(finding.rows[:5])}"
                            + (f" and {more:,} more" if more > 0 else "")
                        )
                    out(f"  fix: {finding.fix}")
    return 1 if any(finding.severity == "error" for finding in report.findings) else 0


VERB = Verb(
    name="audit",
    help="look for leaks, contradictions, personal data and other weaknesses in the data",
    example="rungwise audit support-desk",
    configure=configure,
    run=run,
)
