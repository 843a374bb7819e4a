"""Charts of one row an arm: its name at the left, its figures at the right, its marks between."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advisor.charts.style import Align, Chart, Row, Theme, data, look, markers, ring

HEIGHT = 38
"""Of a row, in pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row."""

    key: str
    """The arm; unique in the chart."""
    title: str
    figures: str
    mean: float | None = None
    """None: the row is drawn without marks."""
    low: float | None = None
    high: float | None = None
    strong: bool = False
    """The row that the reader should find first."""
    quiet: bool = False
    """A row that the others are held against; it has a tick instead of a rung's marker."""

    def row(self, theme: Theme) -> Row:
        """As a chart's datum."""
        return {
            "key": self.key,
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "thick": 1 if self.quiet else 2.5,
            **look(self.key, theme),
        }


def y_axis(lines: Sequence[Line], theme: Theme, side: str = "") -> Any:
    """The y encoding of a layer; `side` left shows titles, right shows figures, else neither.

    Both are labels of an axis, not marks: so the chart makes room for them at any width.
    """
    import altair as alt

    def one_of(keys: Sequence[str]) -> str:
        return f"indexof({json.dumps(list(keys))}, datum.value) >= 0"

    axis = None
    if side:
        texts = {line.key: line.title if side == "left" else line.figures for line in lines}
        strong = one_of([line.key for line in lines if line.strong])
        quiet = one_of([line.key for line in lines if line.quiet])
        axis = alt.Axis(
            orient="left" if side == "left" else "right",
            title=None,
            labelExpr=f"{json.dumps(texts)}[datum.value]",
            labelFontWeight={"condition": {"test": strong, "value": "bold"}, "value": "normal"},
            labelColor={"condition": {"test": quiet, "value": theme.muted}, "value": theme.ink},
            labelPadding=14,
            domain=False,
            ticks=False,
            grid=False,
        )
    return alt.Y("key:N", axis=axis, scale=alt.Scale(domain=[line.key for line in lines]))


def marks(lines: Sequence[Line], x: Any, theme: Theme) -> list[Chart]:
    """Titles, figures, intervals, markers.

    Args:
        lines: from top to bottom.
        x: the x encoding of the intervals' lower ends, with its axis.
        theme: to draw with.
    """
    import altair as alt

    drawn = [line for line in lines if line.mean is not None]
    y = y_axis(lines, theme)

    def mark(some: Sequence[Line]) -> Chart:
        return alt.Chart(data([line.row(theme) for line in some]))

    return [
        mark(lines).mark_point(opacity=0).encode(y=y_axis(lines, theme, "left")),
        mark(lines).mark_point(opacity=0).encode(y=y_axis(lines, theme, "right")),
        mark(drawn)
        .mark_rule(color=theme.muted)
        .encode(y=y, x=x, x2="high:Q", strokeWidth=alt.StrokeWidth("thick:Q", scale=None)),
        mark([line for line in drawn if line.quiet])
        .mark_tick(thickness=2.5, size=14, opacity=1, color=theme.muted)
        .encode(y=y, x="mean:Q"),
        markers(mark([line for line in drawn if not line.quiet]), theme).encode(y=y, x="mean:Q"),
    ]


def point_out(lines: Sequence[Line], theme: Theme, word: str) -> list[Chart]:
    """A ring around the marker of the strong row, and a word above it."""
    import altair as alt

    layers = []
    for line in lines:
        if not line.strong or line.mean is None:
            continue
        # near an end of the scale the word would run into the titles or the figures
        align: Align = "left" if line.mean < 0.15 else "right" if line.mean > 0.85 else "center"
        dx = {"left": -8, "right": 8, "center": 0}[align]
        one = alt.Chart(data([line.row(theme)])).encode(y=y_axis(lines, theme), x="mean:Q")
        layers += [
            ring(one, theme),
            one.mark_text(
                text=word, dy=-21, dx=dx, align=align, fontWeight="bold", color=theme.ink
            ),
        ]
    return layers
