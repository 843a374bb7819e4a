"""A file to read, what a loader takes out of it, and what a loader is."""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from rag.errors import DocumentError
from rag.types import Limits

_ENTRY: Final = b"PK\x01\x02"
"""The mark before each entry in the directory of a zip container."""


@dataclass(frozen=True)  # no slots: `members` and `letters` are remembered on the instance
class File:
    """The bytes of one file, which nobody has checked yet."""

    source: str
    """Name used in messages, as in `Document.source`."""
    data: bytes
    limits: Limits

    @property
    def suffix(self) -> str:
        """Ending of the name in lower case with its dot, or the empty string."""
        return PurePosixPath(self.source).suffix.lower()

    @cached_property
    def members(self) -> frozenset[str]:
        """Names inside a zip container; empty for anything else and for a damaged one.

        Raises:
            DocumentError: `too_large` when there are more of them than the limits allow.
        """
        if not self.data.startswith(b"PK"):
            return frozenset()
        try:
            with self.open_zip() as archive:
                return frozenset(archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return frozenset()

    @cached_property
    def letters(self) -> "Letters":
        """Counts what is taken out of this file."""
        return Letters(self)

    def open_zip(self) -> zipfile.ZipFile:
        """The zip container, its directory read.

        Raises:
            DocumentError: `too_large` when it has more entries than the limits allow.
            zipfile.BadZipFile: it is damaged; other errors are possible as well.
        """
        # `zipfile` makes an object of every entry before any can be counted. Each begins with this
        # mark, whatever the records at the end say of their number.
        count = self.data.count(_ENTRY)
        if count > self.limits.max_members:
            reason = f"it holds {count:,} parts"
            raise self.error("too_large", reason, "split it, or save it as text")
        return zipfile.ZipFile(io.BytesIO(self.data))

    def error(
        self, code: str, reason: str, fix: str, *, pages: tuple[int, ...] = ()
    ) -> DocumentError:
        """An error about this file, to raise, or to report as a gap."""
        return DocumentError(self.source, code, reason, fix, pages=pages)

    def malformed(self, reason: str) -> DocumentError:
        """An error for a file that breaks the rules of its own format."""
        return self.error(
            "malformed", reason, "open it in the program that made it and save it again"
        )

    def too_much_text(self) -> DocumentError:
        """An error for a file that holds more letters than the limits allow."""
        return self.error("too_large", "it holds too much text", "split it into several files")

    def nested_too_deeply(self) -> DocumentError:
        """An error for a file whose parts hold each other more levels deep than can be followed."""
        return self.error(
            "too_large", "it is nested too deeply", "simplify it, or export it as PDF or text"
        )

    def check_pages(self, count: int) -> None:
        """Refuse more pages, slides or sheets than the limits allow.

        Raises:
            DocumentError: `too_large`.
        """
        if count > self.limits.max_pages:
            raise self.error("too_large", f"it has {count} pages", "split it")

    def no_text(self, unit: str, numbers: Sequence[int]) -> DocumentError:
        """An error for pages or slides (a `unit`) that are pictures: scans, photographs of text."""
        return self.error(
            "no_text_layer",
            f"there are only pictures on {unit}{'s' * (len(numbers) > 1)} {_ranges(numbers)}",
            "run text recognition (OCR) on it and load the result",
            pages=tuple(numbers),
        )

    def attachments(self, names: Sequence[str]) -> tuple[DocumentError, ...]:
        """A report of files that hang on this one and are not read; none for no names."""
        if not names:
            return ()
        listed = ", ".join(" ".join(name.split()) or "without a name" for name in names)
        reason = f"its attachments were not read: {listed}"
        return (self.error("unsupported", reason, "save them beside it"),)


class Letters:
    """Counts letters that a file holds once and that are written many times.

    The cell that reaches down a table, the string that all cells name, the number before every
    item: a file of a few hundred bytes can ask for more of them than there is memory, so they are
    counted before they are written.
    """

    def __init__(self, file: File) -> None:
        self._file, self._left = file, file.limits.max_characters

    def take(self, text: str, times: int = 1) -> str:
        """The text, counted so many times.

        Raises:
            DocumentError: `too_large` when it is more than the limits allow, with what was taken
                out of the file before.
        """
        self._left -= len(text) * times
        if self._left < 0:
            raise self._file.too_much_text()
        return text


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers in short: 1–3, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("–".join(map(str, part)) for part in parts)


@dataclass(frozen=True, slots=True)
class Page:
    """Text of one page, slide or sheet, or of a whole file."""

    text: str
    number: int | None = None
    title: str = ""
    """Own name of the page (a sheet's), when it has one."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What a loader took out of one file."""

    pages: tuple[Page, ...]
    title: str = ""
    """Title found in the file; empty when there is none."""
    gaps: tuple[DocumentError, ...] = ()
    """Parts that were not read although the file was."""


@dataclass(frozen=True, slots=True)
class Loader:
    """A family of formats and how to read it."""

    name: str
    """What the files are, in the plural, for messages."""
    suffixes: tuple[str, ...]
    """Endings that lead here when no loader recognises the content."""
    recognises: Callable[[File], bool]
    """Whether the content itself says so, whatever the name says; must be cheap."""
    read: Callable[[File], Extract]
    """Raises DocumentError when the file cannot be read."""
    apart: bool = False
    """Whether a small file can make its parser take memory or time without end, as native code
    does: it is read in a process that can be stopped. Large files of all kinds are."""
