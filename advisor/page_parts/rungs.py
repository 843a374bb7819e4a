"""How a rung looks in text: its own shape and colour, the same as in every chart."""

from markupsafe import Markup

from advisor.charts.style import style_of
from advisor.page_parts.text import markup

SHAPES = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "triangle-right": "▶",
    "triangle-left": "◀",
    "cross": "✚",
}
"""Vega's symbols as letters; pictures inside a page's own HTML are taken out."""


def symbol(rung: str) -> Markup:
    """The rung's marker, in front of its title."""
    style = style_of(rung)
    return markup(
        '<span class="rw-mark" style="color:{colour}" aria-hidden="true">{shape}</span>',
        shape=SHAPES.get(style.shape, "●"),
        colour=style.colour or "inherit",
    )
