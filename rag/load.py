"""Files and folders to documents. Every file is read, or refused with a reason: none is lost.

`load_documents` is strict and raises for what cannot be read; `load_folder` returns what could be
read beside what could not. How a format is read stands in `rag/loaders/`, one module a family.
"""

import importlib
import os
import pkgutil
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

import rag.loaders
from rag.errors import DocumentError, DocumentsError, DocumentWarning
from rag.reading.apart import Apart
from rag.reading.file import Extract, File, Loader
from rag.reading.markup import one_line, tidy, usable_title
from rag.types import Document, Limits

_DEFAULT_LIMITS: Final = Limits()
_SMALL: Final = 2**20
"""Bytes up to which a file is read here where its parser is Python's own: rows of many short cells
take up to a hundred times a file's size."""
_LONGEST_NAME: Final = 100
"""Letters of a sheet's name, which stands above all of its passages; programs allow 31."""
_LEFT_BEHIND: Final = {"thumbs.db", "desktop.ini", "__macosx", "icon\r"}
"""Names, in lower case, that operating systems leave in folders."""
_FIXES: Final = (
    ((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".heic"),
     "run text recognition (OCR) on it and save the result as PDF or text"),
    ((".zip", ".rar", ".7z", ".gz", ".tar", ".tgz"), "unpack it into the folder"),
    ((".ods",), "save it as .xlsx"),
    ((".odp", ".key"), "save it as .pptx or .pdf"),
    ((".pages", ".wpd", ".wps", ".one", ".xps", ".djvu", ".mobi", ".azw3"),
     "export it as .docx or .pdf"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file or folder gave, and what it did not."""

    documents: tuple[Document, ...]
    problems: tuple[DocumentError, ...]
    """One error for each file that was not read."""
    gaps: tuple[DocumentError, ...]
    """Parts of files that were read otherwise: scanned pages, attachments."""


def load_documents(path: str | Path, *, limits: Limits = _DEFAULT_LIMITS) -> list[Document]:
    """Read a file, or every file of a folder and the folders in it, sorted by path.

    Hidden files, lock files of office programs and litter of operating systems are passed over.
    A file of which only a part could not be read (some scanned pages, an attachment) is returned
    without it and reported as a `DocumentWarning`.

    Raises:
        DocumentError: when `path` is a file that cannot be read, or is not there, or is a folder
            with nothing in it.
        DocumentsError: when `path` is a folder and some of its files cannot be read; it carries
            one `DocumentError` for each.
    """
    loaded = load_folder(path, limits=limits)
    if loaded.problems:
        raise DocumentsError(loaded.problems) if Path(path).is_dir() else loaded.problems[0]
    for gap in loaded.gaps:
        warnings.warn(str(gap), DocumentWarning, stacklevel=2)
    return list(loaded.documents)


def load_folder(
    path: str | Path,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    on_file: Callable[[int, int], None] | None = None,
    apart: Apart | None = None,
) -> Loaded:
    """Read what can be read under `path` and list what cannot; a single file will do, too.

    Args:
        path: of a file or folder.
        limits: what a file may cost.
        on_file: told before each file which one it is, from 1, and of how many.
        apart: the process that reads what is read apart; by default one for this call.

    Raises:
        DocumentError: when `path` is not there, or is a folder with nothing in it.
    """
    root = Path(path)
    if not root.exists():
        raise DocumentError(_shown(root.name), "missing", f"there is no {root}", "check the path")
    documents: list[Document] = []
    problems: list[DocumentError] = []
    gaps: list[DocumentError] = []
    files = _files(root)
    with nullcontext(apart) if apart else Apart() as reader:
        for number, each in enumerate(files, 1):
            if on_file:
                on_file(number, len(files))
            try:
                file = _open(each, root, limits)
                extract = _read(file, reader)
            except DocumentError as problem:
                problems.append(problem)
                continue
            documents += _documents(file, extract)
            gaps += extract.gaps
    if not files:
        raise DocumentError(_shown(root.name), "empty", "no file in it", "put documents into it")
    return Loaded(tuple(documents), tuple(problems), tuple(gaps))


@cache
def loaders() -> tuple[Loader, ...]:
    """The loader of every module in `rag/loaders/`, by name of the module."""
    names = sorted(module.name for module in pkgutil.iter_modules(rag.loaders.__path__))
    return tuple(importlib.import_module(f"rag.loaders.{name}").LOADER for name in names)


def supported_suffixes() -> tuple[str, ...]:
    """Endings of file names that can be loaded, sorted."""
    return tuple(sorted({suffix for loader in loaders() for suffix in loader.suffixes if suffix}))


def _files(root: Path) -> list[Path]:
    """Files under a folder, sorted; links to folders and folders that cannot be listed as well."""
    if not root.is_dir():
        return [root]
    found: list[Path] = []

    def keep(error: OSError) -> None:  # by default a folder that cannot be listed is skipped
        found.append(Path(error.filename))

    # Links to folders are not followed: neither a loop nor a way out of the folder is possible.
    for folder, folders, names in os.walk(root, onerror=keep):
        folders[:] = [name for name in folders if not _is_passed_over(name)]
        links = [name for name in folders if Path(folder, name).is_symlink()]
        found += [Path(folder, name) for name in links if not _is_inside(Path(folder, name), root)]
        found += [Path(folder, name) for name in names if not _is_passed_over(name)]
    return sorted(found, key=lambda path: path.relative_to(root).parts)


def _is_passed_over(name: str) -> bool:
    # "~$report.docx" is Word's lock on report.docx; LibreOffice's begins with a dot.
    return name.startswith((".", "~$")) or name.lower() in _LEFT_BEHIND


def _is_inside(path: Path, root: Path) -> bool:
    # Not Path.resolve, which raises on a link that leads to itself.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _open(path: Path, root: Path, limits: Limits) -> File:
    source = _shown(path.name if path == root else path.relative_to(root).as_posix())
    if path.is_symlink() and path != root and not _is_inside(path, root):
        raise DocumentError(
            source, "unsupported", "it is a link that leads out of the folder", "copy the file here"
        )
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not path.is_dir():
            raise DocumentError(source, "unsupported", "it is not a file", "remove it")
        if status.st_size > limits.max_file_bytes:
            reason = f"it has {status.st_size:,} bytes, {limits.max_file_bytes:,} are allowed"
            raise DocumentError(source, "too_large", reason, "split it")
        data = path.read_bytes()
    except OSError as error:
        reason = f"it cannot be opened ({error.strerror})"
        raise DocumentError(source, "missing", reason, "check its permissions") from error
    if not data:
        raise DocumentError(source, "empty", "it has no content (0 bytes)", "copy it again")
    return File(source, data, limits)


def _loader(file: File) -> Loader:
    """The loader for what the file holds; its name counts only where the content does not say."""
    for loader in loaders():
        if loader.recognises(file):
            return loader
    for loader in loaders():
        if file.suffix in loader.suffixes:
            return loader
    fix = next((fix for suffixes, fix in _FIXES if file.suffix in suffixes), "")
    raise file.error(
        "unsupported",
        f"{file.suffix} files are not read",
        fix or f"save it as one of {' '.join(supported_suffixes())}",
    )


def _read(file: File, apart: Apart) -> Extract:
    """Read one file; the texts come back in tidy form and blank pages are left out."""
    try:
        loader = _loader(file)
        is_apart = loader.apart or len(file.data) > _SMALL
        extract = apart.read(loader, file) if is_apart else loader.read(file)
        pages = tuple(replace(page, text=tidy(page.text)) for page in extract.pages)
        "".join(page.text for page in pages).encode()
    except RecursionError as error:
        raise file.nested_too_deeply() from error
    except UnicodeEncodeError as error:
        raise file.error(
            "encoding", "it holds halves of letters (lone surrogates)", "export it again as UTF-8"
        ) from error
    pages = tuple(page for page in pages if page.text.strip())
    file.check_pages(len(extract.pages))
    if sum(len(page.text) for page in pages) > file.limits.max_characters:
        raise file.too_much_text()
    if not pages and any("media/" in name or "Pictures/" in name for name in file.members):
        raise file.error(
            "no_text_layer", "it holds pictures and no text", "run text recognition (OCR) on it"
        )
    if not pages:
        raise file.error("empty", "there is no text in it", "check that it is the right file")
    return replace(extract, pages=pages)


def _documents(file: File, extract: Extract) -> Iterator[Document]:
    title = usable_title(extract.title) or _readable_stem(file.source)
    for page in extract.pages:
        name = file.source if page.number is None else f"{file.source}#p{page.number}"
        own = page.title[:_LONGEST_NAME]
        full_title = f"{title} – {own}" if own else title
        yield Document(name, page.text, file.source, page.number, full_title)


def _readable_stem(source: str) -> str:
    """File name without its ending, underscores and joining hyphens as spaces."""
    stem = PurePosixPath(source).stem
    return one_line(re.sub(r"_|(?<=[^\W\d])-|-(?=[^\W\d])", " ", stem)) or stem


def _shown(name: str) -> str:
    """A file name that can be printed and stored: bytes that are not UTF-8 become escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
