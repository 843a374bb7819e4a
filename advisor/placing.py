"""Where the files that a project is made from go: nothing is overwritten, nothing is lost."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from advisor.guess import Guess
from advisor.project_reading import CONFIG
from harness.errors import Problem, UserError

SHOWN_FILES = 5
MOVE_AWAY = "move it away, choose another folder, or give that file itself with --from"
SAME_NAME = "rename one of the two files of this name"


class Places(NamedTuple):
    """Of the files in the project."""

    tables: Mapping[Path, str]
    """Table of examples or pairs, as it was given, to its path in the project."""
    documents: str
    """Path of their folder or file in the project; empty where there are none."""
    copies: tuple[tuple[Path, Path], ...]
    """File to its copy; what lies in the project already stays where it is."""
    apart: tuple[str, ...] = ()
    """Names under which folders of documents stand, where files of theirs have the same name."""


def check_given(root: Path, files: Sequence[Path]) -> None:
    """Refuse files that are not there, and what cannot be copied.

    Raises:
        UserError: all such files.
    """
    missing = [file for file in files if not file.exists()]
    if missing:
        raise UserError(
            *(Problem("there is no such file", "check the path", str(file)) for file in missing)
        )
    problems = doubled(file.name for file in files if file.is_file() and not _inside(root, file))
    problems += [
        Problem("the project would lie inside this folder", "choose another folder", str(file))
        for file in files
        if file.is_dir() and root.resolve().is_relative_to(file.resolve())
    ]
    fix = "give the table and the folder of documents in it, each by itself"
    # its examples and reports would be looked up as documents, held-out answers among them
    problems += [
        Problem("this folder is a project, not documents", fix, str(file))
        for file in files
        if (file / CONFIG).is_file()
    ]
    if problems:
        raise UserError(*problems)


def doubled(names: Iterable[str], fix: str = "rename one of them") -> list[Problem]:
    """One for each name that more than one file has."""
    times = Counter(names)
    return [Problem("two files have this name", fix, name) for name in times if times[name] > 1]


def places_of(root: Path, guess: Guess) -> Places:
    """Where each file goes.

    Raises:
        UserError: another file is there already.
    """
    tables: dict[Path, str] = {}
    copies: list[tuple[Path, Path]] = []
    for file in (guess.train, guess.heldout, guess.pairs.file if guess.pairs else None):
        if file is not None:
            tables[file] = _inside(root, file) or f"data/{file.name}"
            if not _inside(root, file):
                copies.append((file, root / tables[file]))
    documents, copied, apart = _documents(root, guess.documents)
    copies += copied
    given = [file.resolve() for file in guess.documents]
    there = {
        target: SAME_NAME if target.resolve() in given else MOVE_AWAY
        for _, target in copies
        if target.exists()
    }
    if guess.schema and (root / "schema.json").exists():
        there[root / "schema.json"] = "move it away: one is written from the answers"
    if there:
        said, shown = "there is such a file already", list(there.items())[:SHOWN_FILES]
        raise UserError(*(Problem(said, fix, str(file)) for file, fix in shown))
    return Places(tables, documents, tuple(copies), apart)


def _inside(root: Path, file: Path) -> str:
    """A file's path in the project; empty where it lies elsewhere."""
    inside = file.resolve().is_relative_to(root.resolve())
    return file.resolve().relative_to(root.resolve()).as_posix() if inside else ""


def _documents(
    root: Path, sources: Sequence[Path]
) -> tuple[str, list[tuple[Path, Path]], tuple[str, ...]]:
    """Where documents stand, what is copied there, and the names of folders that are kept apart."""
    if not sources:
        return "", [], ()
    if len(sources) == 1 and _inside(root, sources[0]):
        return _inside(root, sources[0]), [], ()
    home = root / "data" / "documents"
    found = {source: list(_files(source)) for source in sources}
    # some file systems take names in capitals for the same
    names = Counter(str(name).casefold() for files in found.values() for _, name in files)
    subfolders = _subfolders(sources) if max(names.values(), default=0) > 1 else {}
    copies = [
        (file, home / subfolders.get(source, "") / name)
        for source, files in found.items()
        for file, name in files
    ]
    copies = [(file, target) for file, target in copies if file.resolve() != target.resolve()]
    return "data/documents", copies, tuple(subfolders.values())


def _subfolders(sources: Sequence[Path]) -> dict[Path, str]:
    """A name of its own for each folder."""
    taken = {source.name.casefold() for source in sources if source.is_file()}
    names: dict[Path, str] = {}
    for source in sources:
        if source.is_dir():
            own = source.resolve().name or "folder"
            tried = (own if n == 1 else f"{own}-{n}" for n in count(1))
            names[source] = next(name for name in tried if name.casefold() not in taken)
            taken.add(names[source].casefold())
    return names


def _files(source: Path) -> Iterator[tuple[Path, Path]]:
    """Every file with its path below the source; a file alone is below itself."""
    if source.is_file():
        yield source, Path(source.name)
        return
    for folder, folders, names in os.walk(source, followlinks=True):
        here = Path(folder).resolve()
        # a link to a folder around it would never end
        folders[:] = [one for one in folders if not here.is_relative_to((here / one).resolve())]
        yield from ((Path(folder, name), Path(folder, name).relative_to(source)) for name in names)
