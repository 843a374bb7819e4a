"""A part of the report drawn on a page: same words and figures as on paper."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from advisor.page_parts.frame import chart_theme, show_chart
from advisor.page_parts.text import cut, heading, html, joined, markup, say
from advisor.report.document import (
    Block,
    Bullets,
    Commands,
    Figure,
    Paragraph,
    Report,
    Table,
    Terms,
)


def section(report: Report, key: str, title: bool = True) -> None:
    """Draw a section of the report; nothing where the report has none of that name."""
    found = next((one for one in report.sections if one.key == key), None)
    if found is None:
        return
    if title:
        heading(found.title)
    draw_blocks(found.blocks)


def figure(shown: Figure, wide: bool = False) -> None:
    """A picture with its caption; see `show_chart` on its width."""
    chart = shown.draw(chart_theme())
    if chart is not None:
        show_chart(chart, wide)
        say(shown.caption, "rw-p rw-small rw-quiet")


def draw_blocks(blocks: Sequence[Block]) -> None:
    """Draw blocks of a report one below the other."""
    for block in blocks:
        draw = DRAWN.get(type(block))
        if draw is not None:
            draw(block)


def _bullets(block: Bullets) -> None:
    rows = joined(markup("<li>{text}</li>", text=text) for text in block.lines)
    html("<ul>{rows}</ul>", rows=rows)


def _table(block: Table) -> None:
    head = joined(
        markup('<th class="{side}">{name}</th>', side=_side(block, i), name=name)
        for i, name in enumerate(block.head)
    )
    rows = joined(_row(block, number, row) for number, row in enumerate(block.rows))
    html(
        '<div class="rw-wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        "<tbody>{rows}</tbody></table></div>",
        caption=block.caption,
        head=head,
        rows=rows,
    )


def _row(block: Table, number: int, row: tuple[str, ...]) -> Markup:
    cells = joined(
        markup('<td class="{side}">{text}</td>', side=_side(block, i), text=_cell(block, i, text))
        for i, text in enumerate(row)
    )
    strong = "strong" if number == block.strong else ""
    return markup('<tr class="{strong}">{cells}</tr>', strong=strong, cells=cells)


def _cell(block: Table, column: int, text: str) -> str | Markup:
    """Figures break before their interval or not at all."""
    if column < block.words:
        return text
    number, bracket, interval = text.partition(" (")
    kept = '<span class="rw-keep">{text}</span>'
    rest = markup(f" {kept}", text=f"({interval}") if bracket else ""
    return markup(kept, text=number) + rest


def _side(block: Table, column: int) -> str:
    return "" if column < block.words else "n"


def _terms(block: Terms) -> None:
    rows = joined(
        markup('<dt>{name}</dt><dd class="rw-text">{value}</dd>', name=name, value=cut(value))
        for name, value in block.pairs
    )
    html("<dl>{rows}</dl>", rows=rows)


def _commands(block: Commands) -> None:
    st.code("\n".join(block.lines), language=None)


def _paragraph(block: Paragraph) -> None:
    say(block.text)


DRAWN: dict[type, Callable[[Any], None]] = {
    Paragraph: _paragraph,
    Bullets: _bullets,
    Table: _table,
    Figure: figure,
    Terms: _terms,
    Commands: _commands,
}
"""By kind of block; fields to fill in by hand and the items have no place here."""
