"""The picture of a result: every rung with its interval, over what needs no language model."""

from collections.abc import Mapping
from typing import Any

from advisor.charts import rows
from advisor.charts.rows import Line
from advisor.charts.style import LIGHT, Chart, Theme, data, finish
from advisor.numbers import count, interval, percent
from harness.experiment import ArmResult, Experiment

BESIDE = Line("", "For comparison", "", quiet=True)
"""The row between the rungs and what they are held against."""
TICKS = [0, 0.25, 0.5, 0.75, 1]


def ladder(experiment: Experiment, theme: Theme = LIGHT, width: int = 400) -> Chart:
    """One row a rung in order of effort, then ceilings and floors.

    The grey band ends at the best floor: a rung inside it does no better than no language model.
    """
    import altair as alt

    rungs = _lines(experiment, experiment.rungs)
    beside = _lines(experiment, {**experiment.ceilings, **experiment.floors}, quiet=True)
    lines = [*rungs, *([BESIDE] if beside else []), *beside]
    layers = [
        *_behind(experiment, theme),
        *rows.marks(lines, _x(experiment), theme),
        *rows.point_out(lines, theme, "recommended"),
    ]
    chart = alt.layer(*layers).resolve_axis(y="independent")
    height = len(lines) * rows.HEIGHT
    return finish(chart, theme, _description(experiment, lines), width=width, height=height)


def _lines(
    experiment: Experiment, arms: Mapping[str, ArmResult], quiet: bool = False
) -> list[Line]:
    recommended = experiment.verdict.get("recommended")
    lines = []
    for name, arm in arms.items():
        scored = arm.scores[experiment.task.metric]
        figures = "no score"
        if scored.mean is not None:
            figures = f"{percent(scored.mean)} ({interval(scored.low, scored.high)})"
        strong = name == recommended
        lines.append(
            Line(name, arm.title, figures, scored.mean, scored.low, scored.high, strong, quiet)
        )
    return lines


def _x(experiment: Experiment) -> Any:
    import altair as alt

    task = experiment.task
    title = [f"{task.metric_title}, {count(task.n_heldout, 'held-out question')}, 95 % intervals"]
    if experiment.floors:
        title.append("grey: reached without a language model")
    axis = alt.Axis(
        title=title, values=TICKS, labelExpr="round(datum.value * 100) + ' %'", domain=False
    )
    return alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _behind(experiment: Experiment, theme: Theme) -> list[Chart]:
    """The band up to the best floor, the line at each ceiling and at the target."""
    import altair as alt

    metric, layers = experiment.task.metric, []
    floors = [arm.scores[metric].mean for arm in experiment.floors.values()]
    known = [mean for mean in floors if mean is not None]
    if known:
        band = alt.Chart(data([{"from": 0, "to": max(known)}]))
        layers.append(band.mark_rect(color=theme.band).encode(x="from:Q", x2="to:Q"))
    for arm in experiment.ceilings.values():
        if arm.scores[metric].mean is not None:
            line = alt.Chart(data([{"at": arm.scores[metric].mean}]))
            layers.append(line.mark_rule(color=theme.muted).encode(x="at:Q"))
    if experiment.task.target is not None:
        at = experiment.task.target
        line = alt.Chart(data([{"at": at}])).encode(x="at:Q")
        layers += [
            line.mark_rule(color=theme.ink, strokeDash=[4, 3]),
            line.mark_text(y=-8, text=f"wanted: {percent(at)}", color=theme.ink).encode(
                y=alt.value(-8)
            ),
        ]
    return layers


def _description(experiment: Experiment, lines: list[Line]) -> str:
    """The picture in words, row by row."""
    told = [
        f"{line.title}: {line.figures}{', recommended' if line.strong else ''}"
        for line in lines
        if line.figures
    ]
    task = experiment.task
    start = f"Share of {task.metric_title} on {count(task.n_heldout, 'held-out question')}"
    return f"{start}, with 95 % intervals. {'; '.join(told)}."
