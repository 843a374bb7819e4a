"""Where the score goes: a row a rung, a column for what is right and one for each cause of loss."""

import textwrap

from advisor.charts.rows import HEIGHT, Line, y_axis
from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, look
from advisor.numbers import count, percent
from harness.diagnosis.findings import CAUSES, Cause, RungDiagnosis
from harness.experiment import Experiment

WORDS: dict[Cause, str] = {
    "form": "not of the right form",
    "answered_anyway": "answered what nothing answers",
    "not_found": "passage not found",
    "refused": "said it does not know",
    "not_used": "passage there, not used",
    "wrong_content": "wrong in content",
}
"""A cause of loss, as people say it."""
FILL = 0.62
"""Of a column's width for 100 %; the rest holds the figure."""
BAR, LINE = 14, 14
"""Height of a bar, and of a line of the heads, in pixels."""
LETTERS = 13
"""Most in a line of the heads."""


def losses(experiment: Experiment, theme: Theme = LIGHT, width: int = 560) -> Chart | None:
    """Every rung's 100 %: what it scored, and what it lost for which cause.

    What was scored has the rung's colour; the largest loss of a rung is dark and bold. None where
    nothing was diagnosed.
    """
    import altair as alt

    found = {name: experiment.diagnostics.rungs.get(name) for name in experiment.rungs}
    known = {name: one for name, one in found.items() if one is not None}
    causes = {loss.cause for one in known.values() for loss in one.losses}
    columns = [cause for cause in CAUSES if cause in causes]
    if not columns:
        return None
    lines = [Line(name, experiment.rungs[name].title, "") for name in known]
    rows = [row for name, one in known.items() for row in _cells(name, one, columns, theme)]
    x = alt.X("at:Q", scale=alt.Scale(domain=[0, len(columns) + 1], nice=False), axis=None)
    ends = alt.X("to:Q", axis=None)
    cells = alt.Chart(data(rows)).encode(y=y_axis(lines, theme))
    words = ["scored" if experiment.diagnostics.graded else "right", *(WORDS[c] for c in columns)]
    layers = [
        alt.Chart(data([{"key": line.key} for line in lines]))
        .mark_point(opacity=0)
        .encode(y=y_axis(lines, theme, "left")),
        alt.Chart(data([{"at": place} for place in range(len(words))]))
        .mark_rule(color=theme.grid)
        .encode(x=x),
        *_heads(words, x, theme),
        cells.mark_bar(height=BAR).encode(x=x, x2="to:Q", color=alt.Color("fill:N", scale=None)),
    ]
    for strong in (False, True):
        some = alt.Chart(data([row for row in rows if row["strong"] is strong]))
        figures = some.mark_text(
            align="left", dx=5, color=theme.ink, fontWeight="bold" if strong else "normal"
        )
        layers.append(figures.encode(y=y_axis(lines, theme), x=ends, text="figure:N"))
    chart = alt.layer(*layers).resolve_axis(y="independent")
    height = len(lines) * HEIGHT
    return finish(chart, theme, _description(experiment, known), width=width, height=height)


def _cells(name: str, one: RungDiagnosis, columns: list[Cause], theme: Theme) -> list[Row]:
    """A rung's bars; none where it has no score."""
    if one.score.mean is None:
        return []
    lost = {loss.cause: loss.share.mean or 0.0 for loss in one.losses}
    worst = one.losses[0].cause if one.losses else None

    def cell(place: int, share: float, fill: str, strong: bool) -> Row:
        figure = percent(share) if share or not place else ""  # no loss is no news, no score is
        end = place + FILL * share
        return {"key": name, "at": place, "to": end, "figure": figure, "strong": strong,
                "fill": fill}  # fmt: skip

    return [
        cell(0, one.score.mean, look(name, theme)["fill"], False),
        *(
            cell(place, lost.get(cause, 0.0), theme.ink if cause == worst else theme.muted,
                 cause == worst)
            for place, cause in enumerate(columns, start=1)
        ),
    ]  # fmt: skip


def _heads(words: list[str], x: object, theme: Theme) -> list[Chart]:
    """What each column is, above it, standing on one line.

    A layer each: lines are part of a mark, for in data the app's charts hold no lists.
    """
    import altair as alt

    broken = [textwrap.wrap(head, LETTERS) for head in words]
    most = max(len(lines) for lines in broken)
    return [
        alt.Chart(data([{"at": place}]))
        .mark_text(
            text=[*[""] * (most - len(lines)), *lines],
            align="left",
            baseline="bottom",
            lineHeight=LINE,
            color=theme.muted,
        )
        .encode(x=x, y=alt.value(-6 - LINE * (most - 1)))
        for place, lines in enumerate(broken)
    ]


def _description(experiment: Experiment, found: dict[str, RungDiagnosis]) -> str:
    """The picture in words, rung by rung."""
    told = []
    for name, one in found.items():
        parts = ["no score" if one.score.mean is None else f"scored {percent(one.score.mean)}"]
        parts += [f"{WORDS[loss.cause]} {percent(loss.share.mean)}" for loss in one.losses]
        told.append(f"{experiment.rungs[name].title}: {', '.join(parts)}")
    asked = count(experiment.task.n_heldout, "held-out question")
    return f"What each rung scored and what it lost, by cause, on {asked}. {'; '.join(told)}."
