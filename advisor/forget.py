"""A deleted document out of what a project keeps: asked for by a command or on a page."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path

from advisor.numbers import count
from harness.errors import Problem, UserError
from harness.forgetting import Forgotten, documents_known, forget_document


def forget(root: Path, document: str, here: Collection[str]) -> Forgotten:
    """Remove a document's passages and vectors.

    Args:
        root: the project folder.
        document: as answers cite it: its path inside the documents folder.
        here: documents that the project has now.

    Raises:
        UserError: it is still part of the project, was never known here, or a check is running.
    """
    if document in here:
        raise UserError(
            Problem(
                "the document is still part of the project: the next check would read it again",
                "delete it from the project's documents first",
                document,
            )
        )
    found = forget_document(root, document)
    if not found.known and not found.vectors:
        raise UserError(_unknown(document, {*here, *documents_known(root)}))
    return found


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


def lines(found: Forgotten, folder: Path) -> Iterator[str]:
    """What was removed, and where its text still stands; empty lines part the paragraphs.

    Args:
        found: what became of the document.
        folder: the project's, as it is to be named.
    """
    vectors = count(found.vectors, "vector")
    yield f"{found.document}: {vectors} removed from the project's cache"
    if found.indexes:
        names = ", ".join(found.indexes)
        yield f"index removed in: {names} (made again if such a check goes on)"
    if not found.known:
        yield "no document of this name is known here: these vectors are of texts that no run holds"
        return
    if not found.standing:
        yield "no run of this project holds its text"
        return
    yield "\nits text still stands in runs, which are records of what was measured:"
    for one in found.standing:
        yield f"  {one.run}: {', '.join(one.places)}"
    yield "\nto remove it there too, delete these folders, or run the check again without it first:"
    for one in found.standing:
        yield f"  {folder / 'runs' / one.run}"
    if any("adapters" in one.places for one in found.standing):
        yield "\nadapters were trained on what stood in it, and cannot be made to forget; exported"
        yield "copies, too, have to be deleted by whoever holds them"
