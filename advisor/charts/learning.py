"""Would more data help: the score over training rows, the fitted curve, and what is foretold."""

from typing import Any

from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, look, markers
from advisor.learning_words import description
from advisor.numbers import count
from harness.learning.result import CurveResult

HEIGHT = 220
STEPS = 40
"""Points the fitted curve is drawn through."""
AHEAD = (5, 4)
"""Dashes of what is foretold, so that it differs from what was measured without colour."""


def learning(result: CurveResult, theme: Theme = LIGHT, width: int = 460) -> Chart | None:
    """Every size with its interval and each training; the curve, dashed beyond what was measured.

    None where no size has a score.
    """
    import altair as alt

    measured = [
        {
            "rows": one.rows,
            "score": one.score.mean,
            "low": one.score.low,
            "high": one.score.high,
            **look(result.rung, theme),
        }
        for one in result.points
        if one.score.mean is not None
    ]
    if not measured:
        return None
    x, y = _x(measured, result), _y(result)
    each = [
        {"rows": one.rows, "score": value}
        for one in result.points
        for value in one.by_seed
        if value is not None and len(one.by_seed) > 1
    ]
    shown = alt.Chart(data(measured)).encode(x=x, y=y)
    layers = [
        *_fitted(result, x, y, theme),
        shown.mark_rule(color=theme.ink, strokeWidth=1.5).encode(y=alt.Y("low:Q"), y2="high:Q"),
        alt.Chart(data(each)).mark_tick(color=theme.muted, width=14).encode(x=x, y=y),
        markers(shown, theme),
    ]
    # one layer brings the axis: it is the same for all
    return finish(alt.layer(*layers), theme, description(result), width=width, height=HEIGHT)


def _fitted(result: CurveResult, x: Any, y: Any, theme: Theme) -> list[Chart]:
    """The curve through the sizes, dashed on to the forecast, with its interval and its name."""
    import altair as alt

    found = result.foretold
    if found is None:
        return []
    first, last = result.points[0].rows, result.points[-1].rows
    ahead = found.factor * last

    def line(begin: float, end: float) -> list[Row]:
        at = [begin * (end / begin) ** (step / STEPS) for step in range(STEPS + 1)]
        return [{"rows": rows, "score": result.score(found.law.at(rows / last))} for rows in at]

    now = found.law.error
    forecast = {
        "rows": ahead,
        "score": result.score(now - found.gain),
        "low": result.score(now - found.low),
        "high": result.score(now - found.high),
    }
    point = alt.Chart(data([forecast])).encode(x=x, y=y)
    return [
        alt.Chart(data(line(first, last))).mark_line(color=theme.muted).encode(x=x, y=y),
        alt.Chart(data(line(last, ahead)))
        .mark_line(color=theme.muted, strokeDash=list(AHEAD))
        .encode(x=x, y=y),
        point.mark_rule(color=theme.ink, strokeWidth=1.5, strokeDash=list(AHEAD)).encode(
            y=alt.Y("low:Q"), y2="high:Q"
        ),
        point.mark_point(
            shape="circle", size=110, filled=False, opacity=1, strokeWidth=2, color=theme.ink
        ),
        point.mark_text(text="estimated", align="right", dx=-12, color=theme.ink),
    ]


def _x(measured: list[Row], result: CurveResult) -> Any:
    import altair as alt

    rows = [row["rows"] for row in measured]
    if result.foretold is not None:
        rows.append(result.foretold.factor * rows[-1])
    axis = alt.Axis(title="training rows", grid=False, values=rows, format=",.0f")
    domain = [rows[0] * 0.85, rows[-1] * 1.1]
    return alt.X("rows:Q", scale=alt.Scale(type="log", domain=domain, nice=False), axis=axis)


def _y(result: CurveResult) -> Any:
    import altair as alt

    asked = count(result.n_heldout, "held-out question")
    axis = alt.Axis(
        title=f"{result.metric_title}, {asked}, 95 % intervals",
        tickCount=5,
        domain=False,
        ticks=False,
        labelExpr="round(datum.value * 100) + ' %'",
    )
    return alt.Y("score:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
