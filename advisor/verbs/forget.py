"""rungwise forget: a deleted document out of what the project keeps."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from advisor import workflow
from advisor.forget import forget, lines
from advisor.project import read_project
from advisor.terminal import out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument(
        "--document",
        required=True,
        metavar="NAME",
        help="the document as answers cite it: its path inside the documents folder",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Remove a document's passages and vectors; say in which runs its text still stands."""
    project = read_project(given.dir)
    here: set[str] = set()
    if project.sources().documents is not None:
        with closing(Steps()) as steps:
            here = {one.source for one in workflow.load(project, steps.reading).documents}
    found = forget(project.root, given.document, here)
    if given.json:
        out_json(found)
    else:
        for line in lines(found, given.dir):
            out(line)
    return 0


VERB = Verb(
    name="forget",
    example="rungwise forget support-desk --document returns.md",
    configure=configure,
    run=run,
)
