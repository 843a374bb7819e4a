"""Where the answers put the case, and where the errors put every rung: two needs, one picture."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from advisor.charts.names import AWAY, Box, around, free_spot
from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, look, markers, ring
from advisor.recommendation import Recommendation

ANSWERS = "your answers"
TITLES = {"x": "lost for want of knowledge →", "y": "lost for how it answers →"}
HEAD = 13
"""Pixels from the middle of a marker to the point of the arrow that leads to it."""


class Spotted(NamedTuple):
    """A rung between the needs."""

    rung: str
    title: str
    knowledge: float
    """Points lost for want of knowledge, of 100."""
    behaviour: float
    """Points lost for how it answers, of 100."""
    unknown: float
    """Points that cannot be told apart: by so much it may lie further right, or up."""


def errors(
    spots: Sequence[Spotted],
    prior: Recommendation | None = None,
    theme: Theme = LIGHT,
    width: int = 360,
) -> Chart | None:
    """A point for the answers, one for each rung, an arrow from the prompt's to each other one.

    None where no rung has a place.
    """
    import altair as alt

    if not spots:
        return None
    asked = prior.axes if prior is not None else None
    answers: list[Row] = []
    if asked is not None and asked.knowledge is not None and asked.behaviour is not None:
        answers.append({"x": 100 * asked.knowledge, "y": 100 * asked.behaviour})
    rows = [
        {"x": one.knowledge, "y": one.behaviour, "x2": one.knowledge + one.unknown,
         "y2": one.behaviour + one.unknown, **look(one.rung, theme)}
        for one in spots
    ]  # fmt: skip
    x, y = _axis("x", theme), _axis("y", theme)
    unsure = _chart([row for row in rows if row["x2"] - row["x"] >= 1])
    reach = {"strokeDash": [2, 3], "color": theme.muted, "strokeWidth": 1}
    layers = [
        _chart(rows).mark_point(opacity=0).encode(x=x, y=y),
        unsure.mark_rule(**reach).encode(x=x, x2="x2:Q", y=y),
        unsure.mark_rule(**reach).encode(x=x, y=y, y2="y2:Q"),
        *_arrows(spots, theme, width),
        *_names(spots, answers, theme, width),
        ring(_chart(answers).encode(x=x, y=y), theme, 170),
        markers(_chart(rows).encode(x=x, y=y), theme),
    ]
    told = [
        f"{one.title}: {one.knowledge:.0f} for knowledge, {one.behaviour:.0f} for how it answers, "
        f"{one.unknown:.0f} not told apart"
        for one in spots
    ]
    expected = "".join(
        f" The answers put the need for knowledge at {row['x']:.0f} and for behaviour at "
        f"{row['y']:.0f} of 100."
        for row in answers
    )
    description = f"Points lost of 100. {'; '.join(told)}.{expected}"
    return finish(alt.layer(*layers), theme, description, width=width, height=width)


def _chart(rows: Sequence[Row]) -> Chart:
    import altair as alt

    return alt.Chart(data(rows))


def _axis(channel: str, theme: Theme) -> object:
    import altair as alt

    axis = alt.Axis(
        title=TITLES[channel],
        values=[0, 25, 50, 75, 100],
        grid=True,
        gridColor=theme.grid,
        ticks=False,
        domain=False,
        labelPadding=14,  # a marker at nothing lost would cover it
    )
    kind = alt.X if channel == "x" else alt.Y
    return kind(f"{channel}:Q", scale=alt.Scale(domain=[0, 100]), axis=axis)


def _arrows(spots: Sequence[Spotted], theme: Theme, width: int) -> list[Chart]:
    """From the prompt to every rung that lies far enough from it for an arrow to be seen."""
    import altair as alt

    start = next((one for one in spots if one.rung == "prompt"), None)
    if start is None:
        return []
    rows = []
    for one in spots:
        across, up = one.knowledge - start.knowledge, one.behaviour - start.behaviour
        long = math.hypot(across, up) * width / 100
        if long < 3 * HEAD:
            continue
        part = 1 - HEAD / long
        rows.append(
            {"x": start.knowledge, "y": start.behaviour,
             "x2": start.knowledge + part * across, "y2": start.behaviour + part * up,
             "turn": math.degrees(math.atan2(across, up))}
        )  # fmt: skip
    base = _chart(rows)
    heads = base.mark_point(shape="triangle", size=45, filled=True, opacity=1, color=theme.muted)
    return [
        base.mark_rule(color=theme.muted, strokeWidth=1).encode(
            x="x:Q", y="y:Q", x2="x2:Q", y2="y2:Q"
        ),
        heads.encode(
            x="x2:Q",
            y="y2:Q",
            angle=alt.Angle("turn:Q", scale=None),
        ),
    ]


def _names(
    spots: Sequence[Spotted], answers: Sequence[Row], theme: Theme, width: int
) -> list[Chart]:
    """Each marker's name near it; one that had to move away is tied to it by a thin line."""
    scale = width / 100
    named = [(one.title, one.knowledge * scale, width - one.behaviour * scale) for one in spots]
    named += [(ANSWERS, row["x"] * scale, width - row["y"] * scale) for row in answers]
    taken: list[Box] = [around(x, y) for _, x, y in named]
    rows: list[Row] = []
    for title, x, y in named:
        spot = free_spot(title, x, y, width, taken)
        taken.append(spot.box)
        rows.append(
            {"title": title, "side": spot.side, "x": x / scale, "y": (width - y) / scale,
             "at": (x + spot.side * spot.away) / scale, "level": (width - y - spot.down) / scale,
             "tied": spot.down != 0 or spot.away > AWAY}
        )  # fmt: skip
    ties = _chart([row for row in rows if row["tied"]])
    layers = [
        ties.mark_rule(color=theme.muted, strokeWidth=0.75).encode(
            x="x:Q", x2="at:Q", y="y:Q", y2="level:Q"
        )
    ]
    for side in (1, -1):
        some = _chart([row for row in rows if row["side"] == side])
        text = some.mark_text(
            align="left" if side > 0 else "right", dx=3 * side, color=theme.ink, fontSize=13
        )
        layers.append(text.encode(x="at:Q", y="level:Q", text="title:N"))
    return layers
