"""rungwise forget: a deleted document out of what the project keeps."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path

from advisor import workflow
from advisor.numbers import count
from advisor.project import read_project
from advisor.terminal import out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from harness.errors import Problem, UserError
from harness.forgetting import Forgotten, documents_known, forget_document


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
        if given.document in here:
            raise UserError(
                Problem(
                    "the document is still part of the project: the next check would read it again",
                    "delete it from the project's documents first",
                    given.document,
                )
            )
    found = forget_document(project.root, given.document)
    if not found.known and not found.vectors:
        raise UserError(_unknown(given.document, {*here, *documents_known(project.root)}))
    if given.json:
        out_json(found)
    else:
        _print(found, given.dir)
    return 0


def _unknown(name: str, known: set[str]) -> Problem:
    """A name that nothing here ever had; a slip of the pen must not look like a deletion."""
    plain = {source.casefold(): source for source in known}
    near = [plain[one] for one in get_close_matches(name.casefold(), plain, 3)]
    last = Path(name).name.casefold()
    near += [one for one in sorted(known) if Path(one).name.casefold() == last and one not in near]
    hint = f"did you mean {' or '.join(near[:3])}? " if near else ""
    return Problem(
        "no document of this name was ever read or indexed here; nothing was removed",
        f"{hint}give its path inside the documents folder, as answers cite it",
        name,
    )


def _print(found: Forgotten, folder: Path) -> None:
    out(f"{found.document}: {count(found.vectors, 'vector')} removed from the project's cache")
    if found.indexes:
        out(f"index removed in: {', '.join(found.indexes)} (made again if such a check goes on)")
    if not found.known:
        out("no document of this name is known here: these vectors are of texts that no run holds")
        return
    if not found.standing:
        out("no run of this project holds its text")
        return
    out("\nits text still stands in runs, which are records of what was measured:")
    for one in found.standing:
        out(f"  {one.run}: {', '.join(one.places)}")
    out("\nto remove it there too, delete these folders, or run the check again without it first:")
    for one in found.standing:
        out(f"  {folder / 'runs' / one.run}")
    if any("adapters" in one.places for one in found.standing):
        out("\nadapters were trained on what stood in it, and cannot be made to forget; exported")
        out("copies, too, have to be deleted by whoever holds them")


VERB = Verb(
    name="forget",
    example="rungwise forget support-desk --document returns.md",
    configure=configure,
    run=run,
)
