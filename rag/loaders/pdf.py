"""PDF documents, one page a page, with their headings, columns, tables and paragraphs found again.

PDFium is not thread-safe: outside of `rag.reading.apart`, read in one thread at a time.
"""

from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.errors import DocumentError
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import usable_title
from rag.reading.pdf_text import PageText, page_text
from rag.reading.reflow import reflow

_HEAD: Final = 1024
"""Bytes in which the mark of the format must stand; some programs write something before it."""
_LITTLE_TEXT: Final = 25
"""Letters of a page, at most, beside a picture of text: a stamp, a page number."""
_LONGEST_TITLE: Final = 100
_LOST_SHARE: Final = 0.3


def recognises(file: File) -> bool:
    """Whether the mark of the format stands at the start; in a .pdf near the start will do."""
    head = file.data[:_HEAD]
    return head.lstrip().startswith(b"%PDF-") or (file.suffix == ".pdf" and b"%PDF-" in head)


def read(file: File) -> Extract:
    """Read the pages, filled-in form fields and notes in the margin as well."""
    if not recognises(file):
        raise file.malformed("it does not begin like a PDF file")
    try:
        document = pdfium.PdfDocument(file.data)
    except pdfium.PdfiumError as error:
        raise _refusal(file, error) from error
    try:
        file.check_pages(len(document))
        if document.get_formtype() == pdfium_c.FORMTYPE_XFA_FULL:
            # Its only page says "Please wait" in other readers.
            raise file.error("unsupported", "it is a dynamic form (XFA)", "print it to a PDF file")
        pages = _pages(file, document)
        gaps = _gaps(file, pages) + _attached(file, document)
        title = usable_title(document.get_metadata_value("Title"))
    finally:
        document.close()
    texts = reflow([page.directions for page in pages])
    found = tuple(Page(text.text(), number) for number, text in enumerate(texts, 1))
    title = title or next((text.first_heading for text in texts if text.first_heading), "")
    return Extract(found, title or _first_line(found), gaps)


def _first_line(pages: tuple[Page, ...]) -> str:
    """The first line, where it is as short as titles are and no row of a table."""
    line = pages[0].text.partition("\n")[0] if pages else ""
    return "" if line.startswith(("|", "- ")) or len(line) > _LONGEST_TITLE else line


def _refusal(file: File, error: pdfium.PdfiumError) -> DocumentError:
    if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD:
        return file.error(
            "encrypted", "it is protected by a password", "save a copy without the password"
        )
    return file.malformed(f"it is damaged or cut off ({error})")


def _pages(file: File, document: pdfium.PdfDocument) -> list[PageText]:
    if document.get_formtype() != pdfium_c.FORMTYPE_NONE:
        document.init_forms()
    pages = []
    for number in range(len(document)):
        try:
            page = _flat_page(document, number)
            try:
                pages.append(page_text(page, little_text=_LITTLE_TEXT))
            finally:
                page.close()
        except pdfium.PdfiumError as error:
            raise file.malformed(f"its page {number + 1} is damaged ({error})") from error
    return pages


def _flat_page(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """A page with what was typed into forms, or noted on it, as a part of its text."""
    page = document[number]
    if pdfium_c.FPDFPage_GetAnnotCount(page):
        pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
    return page


def _gaps(file: File, pages: list[PageText]) -> tuple[DocumentError, ...]:
    """A report of pages that are pictures; raised when they are most of the file."""
    if sum(page.lost for page in pages) > _LOST_SHARE * sum(
        page.letters + page.lost for page in pages
    ):
        raise file.error(
            "no_text_layer",
            "its fonts do not say which letters its signs are",
            "run text recognition (OCR) on it, or export it anew with embedded fonts",
        )
    pictures = [number for number, page in enumerate(pages, 1) if page.has_picture]
    if 2 * len(pictures) > sum(page.letters > 0 or page.has_picture for page in pages):
        raise file.no_text("page", pictures)
    return (file.no_text("page", pictures),) if pictures else ()


def _attached(file: File, document: pdfium.PdfDocument) -> tuple[DocumentError, ...]:
    count = document.count_attachments()
    names = [document.get_attachment(index).get_name() for index in range(min(count, 100))]
    return file.attachments(names)


LOADER = Loader("PDF documents", (".pdf",), recognises, read, apart=True)
