"""rungwise anonymise: a copy of a project in which personal data is replaced."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from advisor.anonymise import Anonymised, anonymise, read_names
from advisor.anonymise_words import done_lines
from advisor.project import read_project
from advisor.terminal import out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument(
        "--out", type=Path, required=True, help="the folder to write; not there yet"
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="names to replace as well, one a line"
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="TEXT",
        help="a value that stays, such as your own hotline; @example.com keeps its addresses",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Write the copy and say what was replaced how often; never the data itself."""
    project = read_project(given.dir)
    names = read_names(given.names) if given.names else []
    with closing(Steps()) as steps:
        done = anonymise(project, given.out, names=names, keep=given.keep, on_step=steps.step)
    if given.json:
        out_json(done)
    else:
        _print(done, given.out)
    return 0


def _print(done: Anonymised, folder: Path) -> None:
    for line in done_lines(done):
        out(line)
    out(f"\nnext: look over the copy, then run: rungwise audit {folder}")


VERB = Verb(
    name="anonymise",
    example="rungwise anonymise helpdesk --out helpdesk-anonymised --keep @example.com",
    configure=configure,
    run=run,
)
