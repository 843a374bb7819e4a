"""How often each rung comes first, second … when the weights are drawn at random."""

from advisor.charts import rows
from advisor.charts.rows import Line
from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish
from advisor.numbers import percent
from advisor.weighing import Weighing

FIRST, LAST = (0, 114, 178), (226, 238, 246)
"""Red, green and blue of the first place and of the last; the same on every background."""
WIDE = 0.06
"""Share below which a figure does not fit its piece."""


def acceptability(found: Weighing, theme: Theme = LIGHT, width: int = 400) -> Chart:
    """A bar a rung, cut by places from the left: the bluer, the better the place."""
    import altair as alt

    order = sorted(found.sensitivity.acceptability, key=lambda one: -one.places[0])
    lines = [
        Line(one.rung, found.title(one.rung), f"{percent(one.places[0])} first", strong=i == 0)
        for i, one in enumerate(order)
    ]
    pieces: list[Row] = []
    for one in order:
        start = 0.0
        for place, share in enumerate(one.places):
            pieces.append(
                {"key": one.rung, "from": start, "to": start + share, "middle": start + share / 2,
                 **_shade(place, len(one.places)),
                 "place": str(place + 1) if share >= WIDE else ""}
            )  # fmt: skip
            start += share
    y = rows.y_axis(lines, theme)
    axis = alt.Axis(
        title=f"share of {found.sensitivity.weightings:,} random weightings",
        values=[0, 0.25, 0.5, 0.75, 1],
        labelExpr="round(datum.value * 100) + ' %'",
        domain=False,
    )
    x = alt.X("from:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    named = alt.Chart(data([line.row(theme) for line in lines])).mark_point(opacity=0)
    bars = alt.Chart(data(pieces))
    layers = [
        named.encode(y=rows.y_axis(lines, theme, "left")),
        named.encode(y=rows.y_axis(lines, theme, "right")),
        bars.mark_bar(size=18).encode(y=y, x=x, x2="to:Q", fill=alt.Fill("fill:N", scale=None)),
        bars.mark_text(fontWeight="bold").encode(
            y=y, x="middle:Q", text="place:N", color=alt.Color("letters:N", scale=None)
        ),
    ]
    told = "; ".join(f"{line.title}: {line.figures}" for line in lines)
    description = f"Places under random weights. {told}."
    chart = alt.layer(*layers).resolve_axis(y="independent")
    return finish(chart, theme, description, width=width, height=len(lines) * rows.HEIGHT)


def _shade(place: int, places: int) -> Row:
    """Colour of a place, and of the figure on it."""
    far = place / (places - 1) if places > 1 else 0.0
    mixed = [round(a + (b - a) * far) for a, b in zip(FIRST, LAST, strict=True)]
    letters = "#ffffff" if far < 0.3 else "#1f2933"
    return {"fill": "#{:02x}{:02x}{:02x}".format(*mixed), "letters": letters}
