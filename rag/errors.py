"""Errors of the retrieval package, each with a reason and a way out."""

from collections.abc import Sequence
from typing import Final

DOCUMENT_CODES: Final = (
    "missing",
    "empty",
    "unsupported",
    "no_text_layer",
    "encrypted",
    "malformed",
    "too_large",
    "encoding",
)
"""Every reason a document can be refused for."""


class DocumentError(Exception):
    """A file, or some pages of it, could not be read.

    >>> print(DocumentError("a.pdf", "empty", "the file has no bytes", "copy it again"))
    a.pdf: the file has no bytes (fix: copy it again)
    """

    def __init__(
        self, source: str, code: str, reason: str, fix: str, *, pages: tuple[int, ...] = ()
    ) -> None:
        if code not in DOCUMENT_CODES:
            raise ValueError(f"code must be one of {', '.join(DOCUMENT_CODES)}. Got {code!r}.")
        super().__init__(f"{source}: {reason} (fix: {fix})")
        self.source = source
        """The file, as in `Document.source`."""
        self.code = code
        """One of `DOCUMENT_CODES`."""
        self.reason = reason
        """What is wrong, in plain words."""
        self.fix = fix
        """What the owner of the file can do about it."""
        self.pages = pages
        """Pages or slides not read, from 1; empty when it is the whole file or not a page."""

    def __reduce__(self) -> tuple[object, ...]:
        # An exception is rebuilt from `args`, which hold the message only; this one crosses
        # process borders.
        return _rebuild, (self.source, self.code, self.reason, self.fix, self.pages)


def _rebuild(
    source: str, code: str, reason: str, fix: str, pages: tuple[int, ...]
) -> DocumentError:
    return DocumentError(source, code, reason, fix, pages=pages)


class DocumentsError(Exception):
    """Some files of a folder could not be read; `problems` holds one error for each."""

    def __init__(self, problems: Sequence[DocumentError]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{len(problems)} documents could not be read:\n{lines}")
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[object, ...]:
        return DocumentsError, (self.problems,)


class DocumentWarning(UserWarning):
    """A file was read, but a part of it (scanned pages, attachments) was not."""
