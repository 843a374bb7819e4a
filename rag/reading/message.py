"""How e-mails of any format are written."""

from collections.abc import Iterable

from rag.reading.markup import Markup, one_line
from rag.reading.webpage import write_html


def write_head(subject: str, lines: Iterable[tuple[str, str]], out: Markup) -> None:
    """Write the subject as a heading and the lines above the text that are not empty."""
    out.heading(1, subject)
    out.paragraph("\n".join(f"{name}: {one_line(text)}" for name, text in lines if text.strip()))


def write_html_body(source: str, out: Markup) -> bool:
    """Write a body in HTML; False when it holds no text, only pictures perhaps."""
    part = Markup()
    write_html(source, part)
    out.extend(part)
    return bool(part.text())
