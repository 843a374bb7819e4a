"""Markdown and plain text, which are taken as they are but for the headings of wiki pages."""

import re
from typing import Final

from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page

_MARKDOWN: Final = (".md", ".markdown", ".mdown", ".qmd", ".rmd")
_FRONT_MATTER: Final = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.S)
_TITLE_FIELD: Final = re.compile(r"""^title:[ \t]*["']?(.+?)["']?[ \t]*$""", re.M | re.I)
_FENCED: Final = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)", re.S | re.M)
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$|^(\S.*)\n {0,3}(?:=+|-{3,})[ \t]*$", re.M)
_WIKI_HEADING: Final = re.compile(r"^ ?(=(?: ?=){0,5})([^=\n]*)(=(?: ?=){0,5})[ \t]*$", re.M)
"""``== Uses ==``, also as corpora cut it into tokens: ``= = Uses = =``."""


def recognises(file: File) -> bool:
    """Never: any text could be plain text, so only the name leads here."""
    return False


def read(file: File) -> Extract:
    """Read a text; of a Markdown file the front matter is left out and the title is taken."""
    text = headings_marked(decode(file).replace("\r\n", "\n").replace("\r", "\n"))
    if file.suffix not in _MARKDOWN:
        return Extract((Page(text),))
    front = _FRONT_MATTER.match(text)
    title = _TITLE_FIELD.search(front[1]) if front else None
    body = text[front.end() :] if front and title else text
    heading = _HEADING.search(_FENCED.sub("", body))
    if title:
        return Extract((Page(body),), title[1])
    return Extract((Page(body),), _plain(heading[1] or heading[2]) if heading else "")


def headings_marked(text: str) -> str:
    """A text whose wiki headings are Markdown's, as long as before: places in it stay.

    Passages are found by the headings above them. Fenced code is left alone.

    >>> headings_marked("== Uses ==")
    '## Uses   '
    """
    out, last = [], 0
    for fence in _FENCED.finditer(text):
        out += [_WIKI_HEADING.sub(_marked, text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*out, _WIKI_HEADING.sub(_marked, text[last:])])


def _marked(found: re.Match[str]) -> str:
    level = found[1].count("=")
    name = found[2].strip(" \t")
    if found[3].count("=") != level or not re.search(r"\w", name):
        return found[0]
    return f"{'#' * level} {name}".ljust(len(found[0]))


def _plain(heading: str) -> str:
    """A heading without closing marks and emphasis."""
    return re.sub(r"[*_`]", "", heading.rstrip("# \t"))


# Old .doc files that are neither Word's binary format, RTF nor HTML are texts; so are files
# without an ending, such as README.
LOADER = Loader(
    "texts", (*_MARKDOWN, ".txt", ".text", ".log", ".rst", ".doc", ""), recognises, read
)
