"""rungwise report: a finished run on paper or screen."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from advisor import workflow
from advisor.report import AUDIENCES, formats, report_format
from advisor.terminal import out, out_json
from advisor.verb import Verb
from harness.errors import Problem, UserError, problems_of


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
    parser.add_argument("--json", action="store_true", help="print where they are as JSON")


def run(given: Namespace) -> int:
    """Write the report and print where it is."""
    names = [name.strip() for name in given.format.split(",") if name.strip()]
    attempts: list[Callable[[], object]] = [partial(report_format, name) for name in names]
    problems = problems_of([partial(workflow.find_run, given.run), *attempts])
    if not names:
        fix = f"choose from {', '.join(formats())}"
        problems.append(Problem("no format is chosen", fix, "--format"))
    if problems:
        raise UserError(*problems)
    found = workflow.find_run(given.run)
    written = workflow.write_report(found, names, given.audience, given.out)
    paths = [str(path.resolve()) for path in written]
    if given.json:
        out_json({"reports": paths})
    else:
        out("\n".join(paths))
    return 0


VERB = Verb(
    name="report",
    example="rungwise report support-desk/runs/first --format html,json --audience executive",
    configure=configure,
    run=run,
)
