"""What all charts share: colours, one marker a rung, and the way to SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, TypeAlias

Chart: TypeAlias = Any
"""An Altair chart; Altair is imported only where one is made."""
Row: TypeAlias = dict[str, Any]
"""One datum of a chart, as Vega-Lite wants it."""
Align: TypeAlias = Literal["left", "center", "right"]

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""All three have the same widths and the Turkish letters."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The greys a chart is drawn with; the background is always the page's own."""

    ink: str
    muted: str
    """Secondary text; 4.5:1 against the background at least."""
    grid: str
    band: str
    """Areas behind the data."""


LIGHT = Theme(ink="#1f2933", muted="#5b6673", grid="#dfe3e8", band="#e9ecf0")
DARK = Theme(ink="#e8ecf1", muted="#a3adb8", grid="#343d48", band="#2a323c")
PAGE = Theme(
    ink="var(--ink)", muted="var(--muted)", grid="var(--grid)", band="var(--band)"
)  # fmt: skip
"""For a picture inside an HTML page, whose style sheet sets the four variables: one picture then
serves a light screen, a dark one and paper. No other program can show it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a rung looks, in every chart, page and document."""

    colour: str
    """Empty for the theme's ink."""
    shape: str
    """A Vega symbol: tells rungs apart without colour."""


STYLES = {
    "prompt": Style("", "circle"),
    "few_shot": Style("#56b4e9", "square"),
    "searched_prompt": Style("#999999", "triangle-left"),
    "constrained": Style("#e69f00", "diamond"),
    "rag": Style("#0072b2", "triangle-up"),
    "finetune": Style("#d55e00", "triangle-down"),
    "rag_finetune": Style("#009e73", "cross"),
    "preference": Style("#cc79a7", "triangle-right"),
}
"""The palette of Okabe and Ito and a grey, without its yellow, which is invisible on white."""
OTHER = Style("#f0e442", "wedge")
"""A rung that was added as a plug-in."""


def style_of(rung: str) -> Style:
    """Colour and marker of a rung."""
    return STYLES.get(rung, OTHER)


def look(rung: str, theme: Theme) -> Row:
    """A rung's colour and marker as fields of its datum."""
    style = style_of(rung)
    return {"fill": style.colour or theme.ink, "shape": style.shape}


def markers(chart: Chart, theme: Theme) -> Chart:
    """Each datum's own marker, outlined so that it shows on any background."""
    import altair as alt

    point = chart.mark_point(size=150, opacity=1, strokeWidth=1, stroke=theme.ink, fillOpacity=1)
    return point.encode(fill=alt.Fill("fill:N", scale=None), shape=alt.Shape("shape:N", scale=None))


def ring(chart: Chart, theme: Theme, size: int = 560) -> Chart:
    """A circle around a marker: the one to look at."""
    return chart.mark_point(
        shape="circle", size=size, filled=False, opacity=1, strokeWidth=2, color=theme.ink
    )


def data(rows: Sequence[Row]) -> Any:
    """Rows as a chart's data, without a data frame."""
    import altair as alt

    return alt.InlineData(values=list(rows))


def finish(chart: Chart, theme: Theme, description: str, **properties: Any) -> Chart:
    """The theme's look, and the words that stand for the picture where it is not seen.

    Args:
        chart: layered or side by side.
        theme: what it was drawn with.
        description: the picture in words, with its figures.
        properties: of the chart besides, such as its size in pixels.
    """
    quiet = {"color": theme.muted, "fontSize": 12}
    # set in one go: Altair copies the whole chart at every step
    return chart.properties(
        **properties,
        description=description,
        background="transparent",
        padding=4,
        config={
            "font": FONT,
            "view": {"stroke": None},
            "text": quiet,
            "title": {**quiet, "fontWeight": "normal", "anchor": "start", "offset": 10},
            "axis": {
                "labelColor": theme.ink,
                "labelFontSize": 13,
                "labelLimit": 0,
                "labelFlush": False,
                "titleColor": theme.muted,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titlePadding": 10,
                "domainColor": theme.grid,
                "tickColor": theme.grid,
                "gridColor": theme.grid,
            },
        },
    )


def svg(chart: Chart) -> str:
    """A chart as one SVG element, without a browser and without the network.

    The same chart gives the same text. To a screen reader it is one picture with its description.
    """
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(chart.to_dict())
    label = escape(str(chart.description), quote=True)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
