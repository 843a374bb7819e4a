"""rungwise new: make a project folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor.new_project import create_project
from advisor.project import CONFIG
from advisor.terminal import out
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the folder to make")
    parser.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="examples (one table, or one to learn from and one to hold out), documents, folders",
    )


def run(given: Namespace) -> int:
    """Make it and say what was understood."""
    guess = create_project(given.dir, given.files)
    out(f"made {given.dir / CONFIG}")
    if guess and guess.train:
        columns = guess.columns
        out(f"examples:  {guess.train.name}, {guess.n_rows:,} rows")
        if guess.heldout:
            out(f"held out:  {guess.heldout.name}")
        out(f"kind:      {guess.kind}")
        out(f"question:  column {columns.question!r}")
        out(f"answer:    column {columns.answer!r}")
    out(f"next: look over {CONFIG}, then run: rungwise audit {given.dir}")
    return 0


VERB = Verb(
    name="new",
    help="make a project folder, from files if given",
    example="rungwise new helpdesk --from questions.csv handbook/",
    configure=configure,
    run=run,
)
