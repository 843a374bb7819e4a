"""Rungs by their weighted mean: one row each, the best first, with what is not certain."""

from advisor.charts import rows
from advisor.charts.rows import Line
from advisor.charts.style import LIGHT, Chart, Theme, finish
from advisor.numbers import percent
from advisor.weighing import Weighing
from advisor.weighing_words import figures


def utilities(found: Weighing, theme: Theme = LIGHT, width: int = 400) -> Chart:
    """One row a rung, the first on top; 0 to 100 points."""
    import altair as alt

    lines = [
        Line(
            one.rung,
            one.title,
            figures(one),
            one.utility,
            one.low,
            one.high,
            strong=one is found.first,
        )
        for one in found.utilities
    ]
    axis = alt.Axis(
        title="points of 100, 95 % intervals",
        values=[0, 0.25, 0.5, 0.75, 1],
        labelExpr="round(datum.value * 100)",
        domain=False,
    )
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    layers = [*rows.marks(lines, x, theme), *rows.point_out(lines, theme, "first")]
    chart = alt.layer(*layers).resolve_axis(y="independent")
    told = "; ".join(
        f"{line.title}: {line.figures}, first in {percent(one.best)} of the draws"
        for line, one in zip(lines, found.utilities, strict=True)
    )
    description = f"Points of 100 with these weights, 95 % intervals. {told}."
    return finish(chart, theme, description, width=width, height=len(lines) * rows.HEIGHT)
