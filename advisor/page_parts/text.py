"""Words on a page. Nothing that comes from users, documents or models is read as Markdown or HTML.

`html` escapes every value it is given; `plain` is for labels of widgets, which are always Markdown.
"""

import re
from collections.abc import Iterable

import streamlit as st
from markupsafe import Markup

from harness.errors import RungwiseError

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^&=/@])")
_LIVE = re.compile(r":|@|\bwww\.", re.IGNORECASE)
LABEL = 160
"""Characters of foreign text in a label."""


def html(template: str, /, **values: object) -> None:
    """Show HTML of ours with values put in as text.

    Args:
        template: our own markup with `{name}` places; never text from outside.
        values: escaped, unless they are `Markup` made in the same way.
    """
    st.html(Markup('<div class="rw">{}</div>').format(Markup(template).format(**values)))


def markup(template: str, /, **values: object) -> Markup:
    """A piece for `html`, escaped in the same way."""
    return Markup(template).format(**values)


def joined(pieces: Iterable[Markup]) -> Markup:
    """Several pieces as one."""
    return Markup("").join(pieces)


def plain(text: str, longest: int = LABEL) -> str:
    """Text as a Markdown label that shows it letter by letter."""
    line = " ".join(text.split())
    if len(line) > longest:
        line = f"{line[:longest]}…"
    # Names between colons become symbols, and addresses become links, even when escaped; an
    # invisible joiner inside them prevents it.
    return _MARKDOWN.sub(r"\\\1", _LIVE.sub("\\g<0>\u2060", line))


def cut(text: str, longest: int = 4000) -> str:
    """A text that a page can hold; what is left out is said."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} … ({len(text) - longest:,} more characters)"


def say(text: str, style: str = "rw-p") -> None:
    """A paragraph."""
    html('<p class="{style}">{text}</p>', style=style, text=text)


def heading(text: str, below: str = "") -> None:
    """Heading of a part of a page, with a quiet line below it where there is one."""
    line = markup('<p class="rw-p rw-quiet rw-small">{below}</p>', below=below) if below else ""
    html('<h2 class="rw-h">{text}</h2>{line}', text=text, line=line)


def bullets(title: str, texts: Iterable[str]) -> None:
    """A short list under a heading; nothing where there is nothing to list."""
    rows = joined(markup("<li>{text}</li>", text=text) for text in texts)
    head = markup('<h3 class="rw-h">{title}</h3>', title=title) if title else ""
    if rows:
        html("{head}<ul>{rows}</ul>", head=head, rows=rows)


def show_error(error: RungwiseError) -> None:
    """Every problem of an error: what is wrong, where, and what to do."""
    with st.container(border=True):
        for problem in error.problems:
            html(
                '<p class="rw-p"><span class="rw-tag stop">Cannot go on</span> {what}<br>'
                '<span class="rw-quiet">What to do: {fix}</span></p>',
                what=str(problem),
                fix=problem.fix,
            )
