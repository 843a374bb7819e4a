"""The documents of a project without personal data: as the files they are, or as their text."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from advisor.project import Project
from advisor.pseudonyms import Pseudonyms
from rag.errors import DocumentError
from rag.load import load_folder
from rag.reading.apart import Apart
from rag.reading.encoding import decode
from rag.reading.file import File
from rag.types import Document, Limits

AS_THEY_ARE: Final = frozenset(
    (".md", ".markdown", ".txt", ".text", ".rst", ".log", ".html", ".htm", ".csv", ".tsv")
)
"""Endings of documents that stay such files. The others can hide an author, a comment or an earlier
state, so only their text is taken over."""

OnStep = Callable[[str, int, int], None]
"""What is being done, its part from 1, and of how many."""


def write_documents(
    project: Project,
    documents: Sequence[Document],
    to: Path,
    new: Pseudonyms,
    on_step: OnStep,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write the documents; old name to new name, and those of which only the text is left."""
    if not project.data.documents:
        return {}, ()
    place = project.root / project.data.documents
    pages: dict[str, list[Document]] = {}
    for document in documents:
        pages.setdefault(document.source, []).append(document)
    moved: dict[str, str] = {}
    as_text: list[str] = []
    with Apart() as apart:
        for number, (source, found) in enumerate(pages.items(), 1):
            on_step("Copying documents", number, len(pages))
            original = place / source if place.is_dir() else place
            name = new.text(source)
            text = _as_it_is(original, new, apart)
            if text is None:
                as_text.append(name)
                name, text = f"{name}.md", _text_of(found, new)
            moved[source] = name
            file = to / project.data.documents
            write_text(file / name if place.is_dir() else file.with_name(name), text)
    return moved, tuple(as_text)


def _as_it_is(file: Path, new: Pseudonyms, apart: Apart) -> str | None:
    """The file's own text with everything replaced; None where it cannot stay such a file."""
    if file.suffix.lower() not in AS_THEY_ARE:
        return None
    counted = new.places.copy()
    text = new.text(decode(File(file.name, file.read_bytes(), Limits())))
    # marks such as &#64; hide an address from whoever reads the file, not from whoever shows it
    read = _read_back(file.name, text, apart)
    if read is None or any(new.left(f"{one.title}\n{one.text}") for one in read):
        new.places = counted  # its text will be gone through, and counted, once more
        return None
    return text


def _read_back(name: str, text: str, apart: Apart) -> list[Document] | None:
    """What a reader shows of it; None where that cannot be told."""
    with TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_text(text, encoding="utf-8")
        try:
            read = load_folder(file, apart=apart)
        except DocumentError:
            return None
        return None if read.problems or read.gaps else list(read.documents)


def _text_of(pages: list[Document], new: Pseudonyms) -> str:
    """What was read of a document, with its title."""
    title = new.text(pages[0].title).replace('"', "'")
    body = "\n\n".join(new.text(page.text) for page in pages)
    return f'---\ntitle: "{title}"\n---\n\n{body}\n'


def write_text(file: Path, text: str) -> None:
    """Write a file and the folders it lies in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
