"""rungwise report: a finished run on paper or screen."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.report import AUDIENCES, formats
from advisor.terminal import out
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument(
        "--format",
        default="html",
        metavar="NAMES",
        help=f"comma-separated: {', '.join(formats())}; default html",
    )
    parser.add_argument(
        "--audience",
        choices=AUDIENCES,
        default="technical",
        help="executive: two pages; technical (default): everything",
    )
    parser.add_argument("--out", type=Path, help="folder for the files; default RUN/report")


def run(given: Namespace) -> int:
    """Write the report and print where it is."""
    names = [name.strip() for name in given.format.split(",") if name.strip()]
    found = workflow.find_run(given.run)
    for path in workflow.write_report(found, names, given.audience, given.out):
        out(str(path.resolve()))
    return 0


VERB = Verb(
    name="report",
    help="write a run's report",
    example="rungwise report support-desk/runs/first --format html,json --audience executive",
    configure=configure,
    run=run,
)
