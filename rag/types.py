"""Values that cross the borders of the retrieval package."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One readable unit of a file: a page, a slide, a sheet, or the whole file."""

    id: str
    """Stable name of this unit: `source`, or `source#p3` where the format has pages."""
    text: str
    """Markdown-like text: `#` headings, `- ` or `1. ` list items, `| a | b |` table rows."""
    source: str
    """POSIX path relative to the loaded folder, or the file name of a single file."""
    page: int | None
    """Page, slide or sheet number from 1, or None where the format has none."""
    title: str
    """Title of the document; for a sheet, file and sheet name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost before it is refused; the files are not trusted."""

    max_file_bytes: int = 256 * 2**20
    """Largest file opened, in bytes."""
    max_members: int = 20_000
    """Most entries in one zip container (DOCX, PPTX, XLSX, ODT, EPUB)."""
    max_unpacked_bytes: int = 2**30
    """Largest sum of the unpacked sizes in one zip container, in bytes."""
    max_member_bytes: int = 128 * 2**20
    """Largest unpacked size of one entry that is read, in bytes."""
    max_ratio: int = 200
    """Highest unpacked / packed size of an entry above 1 MiB; office XML stays below 100."""
    max_pages: int = 10_000
    """Most pages, slides or sheets in one file."""
    max_characters: int = 64 * 2**20
    """Most characters of text taken from one file."""
    max_memory_bytes: int = 2 * 2**30
    """Most memory of the process that reads all but small plain texts and tables, in bytes, the
    file itself included; held where the system can (Linux)."""
    max_seconds: float = 900
    """Longest time in seconds that it may take for one file; small files are allowed less."""
