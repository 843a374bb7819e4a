"""Every rung against one: the differences with their intervals, and what would be too small."""

from advisor.charts import rows
from advisor.charts.rows import Line
from advisor.charts.style import LIGHT, Chart, Theme, data, finish
from advisor.choice import choose
from advisor.numbers import margin_in_points, points, points_range
from harness.experiment import Experiment

WORDS = {
    "better": "better",
    "worse": "worse",
    "equivalent": "no difference that matters",
    "inconclusive": "too close to call",
}
"""Of a comparison, as people say them."""


def differences(experiment: Experiment, theme: Theme = LIGHT, width: int = 330) -> Chart | None:
    """One row a rival of the recommended rung: left of zero it is worse.

    Where nothing is recommended, they are held against the rung where the climb ended. None when
    only one rung was measured.
    """
    import altair as alt

    standing = choose(experiment).rung
    lines = _lines(experiment, standing)
    if not lines:
        return None
    edges = [abs(edge) for line in lines for edge in (line.mean, line.low, line.high) if edge]
    reach = max([*edges, 2 * experiment.task.margin]) * 1.08
    other = experiment.rungs[standing].title
    axis = alt.Axis(
        title=f"points of {experiment.task.metric_title} against {other[0].lower()}{other[1:]}; "
        f"grey: under {margin_in_points(experiment.task.margin)}, too small to matter",
        labelExpr="(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '')"
        " + abs(round(datum.value * 100))",
        tickCount=5,
        domain=False,
    )
    x = alt.X("low:Q", scale=alt.Scale(domain=[-reach, reach]), axis=axis)
    margin = alt.Chart(data([{"from": -experiment.task.margin, "to": experiment.task.margin}]))
    zero = alt.Chart(data([{"at": 0}]))
    chart = alt.layer(
        margin.mark_rect(color=theme.band).encode(x="from:Q", x2="to:Q"),
        zero.mark_rule(color=theme.muted).encode(x="at:Q"),
        *rows.marks(lines, x, theme),
    ).resolve_axis(y="independent")
    told = "; ".join(f"{line.title}: {line.figures}" for line in lines)
    description = f"Differences from {other} in points, 95 % intervals. {told}."
    return finish(chart, theme, description, width=width, height=len(lines) * rows.HEIGHT)


def _lines(experiment: Experiment, standing: str) -> list[Line]:
    lines = []
    for name, arm in experiment.rungs.items():
        contrast = experiment.contrast(name, standing) if name != standing else None
        if contrast is None or contrast.difference is None:
            continue
        figures = (
            f"{points(contrast.difference)} ({points_range(contrast.low, contrast.high)}), "
            f"{WORDS[contrast.verdict]}"
        )
        lines.append(
            Line(name, arm.title, figures, contrast.difference, contrast.low, contrast.high)
        )
    return lines
