"""Where a case lies: how much knowledge is missing, how far behaviour has to change."""

from advisor.charts.style import LIGHT, Align, Chart, Theme, data, finish
from advisor.recommendation import Recommendation

CORNERS: tuple[tuple[int, int, Align, str], ...] = (
    (0, 0, "left", "Prompt"),
    (1, 0, "right", "Retrieval"),
    (0, 1, "left", "Fine-tuning"),
    (1, 1, "right", "Both"),
)
"""(x, y, alignment, what that corner calls for); written outside, where no case can lie."""


def axes(recommendation: Recommendation, theme: Theme = LIGHT, width: int = 260) -> Chart:
    """The case as a point; a line where the answers say nothing about one axis."""
    import altair as alt

    x, y = recommendation.axes.knowledge, recommendation.axes.behaviour
    layers = [_half(theme, "x"), _half(theme, "y")]
    for at_x, at_y, align, word in CORNERS:
        corner = alt.Chart(data([{"x": at_x, "y": at_y}]))
        layers.append(
            corner.mark_text(text=word, align=align, dy=-16 if at_y else 16).encode(
                x=_axis("x", "needs knowledge →"), y=_axis("y", "needs behaviour →")
            )
        )
    layers += _case(x, y, theme)
    description = f"The case: need for {', need for '.join(recommendation.axes.words)}."
    return finish(alt.layer(*layers), theme, description, width=width, height=width)


def _axis(channel: str, title: str) -> object:
    import altair as alt

    # below the words at the corners
    away = 26 if channel == "x" else 8
    axis = alt.Axis(
        title=title, titlePadding=away, labels=False, ticks=False, grid=False, domain=True
    )
    kind = alt.X if channel == "x" else alt.Y
    return kind(f"{channel}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _half(theme: Theme, channel: str) -> Chart:
    """The line in the middle of an axis."""
    import altair as alt

    line = alt.Chart(data([{channel: 0.5}])).mark_rule(color=theme.grid)
    return line.encode(**{channel: f"{channel}:Q"})


def _case(x: float | None, y: float | None, theme: Theme) -> list[Chart]:
    import altair as alt

    known = {name: value for name, value in (("x", x), ("y", y)) if value is not None}
    if not known:
        return []
    case = alt.Chart(data([known])).encode(**{name: f"{name}:Q" for name in known})
    if len(known) == 1:
        return [case.mark_rule(color=theme.ink, strokeDash=[4, 3])]
    left = x is not None and x > 0.5
    below = y is not None and y > 0.5
    return [
        case.mark_point(size=150, filled=True, opacity=1, color=theme.ink),
        case.mark_text(
            text="this case",
            color=theme.ink,
            fontWeight="bold",
            align="right" if left else "left",
            dx=-11 if left else 11,
            dy=13 if below else -13,
        ),
    ]
