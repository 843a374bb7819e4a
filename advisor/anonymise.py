"""A copy of a project without the personal data that can be recognised: rows, documents, settings.

The copy is written beside its place and moved there when it was read back and nothing was found in
it, so that a folder with that name never holds half of it.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import tomlkit

from advisor.anonymise_documents import OnStep, write_documents, write_text
from advisor.project import ANSWERS, CONFIG, Project, open_project
from advisor.pseudonyms import Pseudonyms
from advisor.ready import load_what_can_be
from advisor.settings_file import change
from harness.data_files import Rows, read_rows
from harness.disk import writing
from harness.errors import JobError, Problem, UserError

SHORTEST_NAME: Final = 3


@dataclass(frozen=True, slots=True)
class Anonymised:
    """What a copy was made of."""

    out: str
    rows: int
    documents: int
    places: dict[str, int] = field(default_factory=dict)
    """Kind to how many places were replaced."""
    values: dict[str, int] = field(default_factory=dict)
    """Kind to how many different ones there were."""
    kept: int = 0
    """Different values that were to stay."""
    as_text: tuple[str, ...] = ()
    """Documents of which only the text was taken over."""
    not_copied: tuple[str, ...] = ()
    """What else lies in the project folder."""


def anonymise(
    project: Project,
    out: Path,
    *,
    names: Iterable[str] = (),
    keep: Iterable[str] = (),
    on_step: OnStep = lambda what, number, total: None,
) -> Anonymised:
    """Write the copy.

    Args:
        project: as `read_project` found it.
        out: folder that is not there yet, or is empty.
        names: to be replaced besides what has a form of its own.
        keep: what stays, see `Pseudonyms`.
        on_step: told about work that takes long.

    Raises:
        UserError: the project cannot be read to the last row and document, or `out` is no place
            for a copy: everything that stands against it at once.
        JobError: something that should not be there was found in the copy; it is removed.
    """
    out = out.resolve()
    before, problems = load_what_can_be(project, lambda n, of: on_step("Reading documents", n, of))
    problems = (*_place_problems(project.root, out), *problems)
    if problems or before is None:
        raise UserError(*problems)
    new = Pseudonyms(project.project.language, names, keep)
    beside = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with writing(beside):
            moved, as_text = write_documents(project, before.documents, beside, new, on_step)
            n_rows, settings = _rows(project, beside, new, moved, on_step)
            _settings(project, beside, new, settings)
            _prove(project, beside, new, on_step)
            if out.is_dir():
                out.rmdir()
            beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Anonymised(
        out=str(out),
        rows=n_rows,
        documents=len(moved),
        places=dict(new.places.most_common()),
        values=new.values,
        kept=len(new.kept),
        as_text=as_text,
        not_copied=_not_copied(project, out),
    )


def read_names(file: Path) -> list[str]:
    """Names to be replaced, one a line.

    Raises:
        UserError: no such file, or lines that would tear words apart.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fix = "give a text file (UTF-8) with one name a line"
        raise UserError(Problem(f"the names cannot be read ({error})", fix, str(file))) from None
    return checked_names(lines, str(file))


def checked_names(lines: Iterable[str], where: str) -> list[str]:
    """Names of a list, one a line; blank lines are passed over.

    Raises:
        UserError: lines so short that they would tear words apart.
    """
    named = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    short = [number for number, line in named if len(line) < SHORTEST_NAME]
    if short:
        fix = f"write names of {SHORTEST_NAME} letters or more: shorter ones stand in other words"
        raise UserError(
            *(Problem("too short for a name", fix, f"{where}, line {n}") for n in short)
        )
    return [line for _, line in named]


def _place_problems(root: Path, out: Path) -> list[Problem]:
    where = str(out)
    if out == root or out.is_relative_to(root) or root.is_relative_to(out):
        return [Problem("the copy would lie in the project", "name a folder beside it", where)]
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        return [Problem("there is something already", "name a folder that is not there yet", where)]
    if not out.parent.is_dir():
        return [Problem("there is no such folder", "make it, or name another", str(out.parent))]
    return []


# rows


def _rows(
    project: Project, to: Path, new: Pseudonyms, moved: dict[str, str], on_step: OnStep
) -> tuple[int, dict[tuple[str, ...], Any]]:
    """Write the tables as JSON Lines; how many rows, and where they are now."""
    data = project.data
    given = {"train": data.train, "examples": data.examples, "preferences": data.preferences}
    if isinstance(data.heldout, str):
        given["heldout"] = data.heldout
    settings: dict[tuple[str, ...], Any] = {}
    total = 0
    tables = [(role, path) for role, path in given.items() if path]
    for number, (role, path) in enumerate(tables, 1):
        on_step("Copying rows", number, len(tables))
        found: Rows = read_rows(project.root / path, path)
        if found.problems:
            raise UserError(*found.problems)
        lines = [
            json.dumps(_fields(row.fields, new, moved), ensure_ascii=False, default=str)
            for row in found.rows
        ]
        name = PurePosixPath(path).with_suffix(".jsonl").as_posix()
        if name != path and name in given.values():
            name = f"{path}.jsonl"
        write_text(to / name, "".join(f"{line}\n" for line in lines))
        settings["data", role] = name
        total += len(lines)
    return total, settings


def _fields(fields: dict[str, Any], new: Pseudonyms, moved: dict[str, str]) -> dict[str, Any]:
    def changed(value: Any) -> Any:
        if isinstance(value, list):
            return [changed(one) for one in value]
        return moved[value] if isinstance(value, str) and value in moved else new.value(value)

    return {name: changed(value) for name, value in fields.items()}


# settings


def _settings(
    project: Project, to: Path, new: Pseudonyms, settings: dict[tuple[str, ...], Any]
) -> None:
    """Copy what describes the project, remarks and names of people included.

    Whole texts are replaced as rows are, so that labels and answers still fit together; where the
    data lies is then written anew, for a path must lead where it leads.
    """
    document: Any = tomlkit.parse((project.root / CONFIG).read_text(encoding="utf-8-sig"))
    people = document.get("weights", {})
    for name in [name for name in people if new.left(name)]:
        # a name that needs no quotation marks would need some now
        people[new.text(name)] = people.pop(name)
    write_text(to / CONFIG, new.text(tomlkit.dumps(document)))
    for name in _described_by(project):
        write_text(to / name, new.text((project.root / name).read_text(encoding="utf-8-sig")))
    if project.data.documents:
        one_file = not (to / project.data.documents).exists()  # it is a text now
        settings["data", "documents"] = f"{project.data.documents}{'.md' if one_file else ''}"
    for key in ("generator", "embedder", "revision"):
        if given := getattr(project.model, key):
            settings["model", key] = given
    change(to, settings)


def _described_by(project: Project) -> list[str]:
    """Files beside rungwise.toml that belong to it."""
    names = (ANSWERS, project.task.schema)
    return [name for name in names if name and (project.root / name).is_file()]


def _prove(project: Project, copy: Path, new: Pseudonyms, on_step: OnStep) -> None:
    """Read the copy as a check would, and look for what should not be there."""
    found, problems = load_what_can_be(
        open_project(copy), lambda n, of: on_step("Reading the copy", n, of)
    )
    if problems or found is None:
        raise JobError(*problems)
    rows = [
        row.id
        for row in found.examples
        if any(new.left(text) for text in (row.id, row.question, *row.references, *row.key_facts))
    ]
    documents = [d.id for d in found.documents if new.left(f"{d.source}\n{d.title}\n{d.text}")]
    files = [
        name
        for name in (CONFIG, *_described_by(project))
        if new.left((copy / name).read_text(encoding="utf-8"))
    ]
    if rows or documents or files:
        fix = "replace it in the original by hand, and try again"
        raise JobError(
            *(
                Problem("personal data is left", fix, where)
                for where in [*files, *rows, *documents][:20]
            )
        )


def _not_copied(project: Project, out: Path) -> tuple[str, ...]:
    """Names in the project folder that have no counterpart in the copy."""
    data = {path.name for path in out.iterdir()}
    mine = (path.name for path in project.root.iterdir() if not path.name.startswith("."))
    return tuple(sorted(name for name in mine if name not in data))
