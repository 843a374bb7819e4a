"""HTML pages, saved or exported."""

import re
from typing import Final

from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup
from rag.reading.webpage import write_html

# A page says so at its start, after comments and an XML declaration. Atomic groups: without them
# a row of comments can be matched in exponentially many ways.
_START: Final = re.compile(
    rb"(?>\s|<\?xml[^>]*>|<!--.*?-->)*+<(!doctype\s+html|html|head|body|meta\s|title)", re.S | re.I
)
_CHARSET: Final = re.compile(
    rb"""<(?:meta|\?xml)[^>]+(?:charset|encoding)\s*=\s*["']?([\w:-]+)""", re.I
)


def recognises(file: File) -> bool:
    """Whether it begins like a page, in any encoding that has ASCII in it."""
    head = file.data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").replace(b"\0", b"")
    return _START.match(head) is not None


def read(file: File) -> Extract:
    """Read the text of a page; markup is recovered as browsers do."""
    declared = _CHARSET.search(file.data[:4096])
    source = decode(file, declared=declared[1].decode("ascii") if declared else "")
    out = Markup()
    if "<" in source:
        title = write_html(source, out)
        return Extract((Page(out.text()),), title or out.first_heading)
    return Extract((Page(source),))


LOADER = Loader("web pages", (".html", ".htm", ".xhtml", ".shtml"), recognises, read, apart=True)
