"""Quality against time: what another second of waiting buys."""

import math
from typing import NamedTuple

from advisor.charts.names import AWAY, Box, around, free_spot
from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, look, markers, ring
from advisor.numbers import percent, seconds
from harness.experiment import Experiment

HEIGHT = 260


class Scale(NamedTuple):
    """From values to pixels."""

    width: float
    reach: float
    """Seconds at the right edge."""
    top: float
    """Share at the upper edge."""

    def across(self, seconds: float) -> float:
        """Pixels from the left edge."""
        return seconds / self.reach * self.width

    def down(self, share: float) -> float:
        """Pixels from the upper edge."""
        return (1 - share / self.top) * HEIGHT


class Place(NamedTuple):
    """A rung in the plane."""

    name: str
    title: str
    seconds: float
    mean: float
    low: float | None
    high: float | None


def cost_quality(experiment: Experiment, theme: Theme = LIGHT, width: int = 480) -> Chart | None:
    """Score against the median seconds a question; None where no rung was timed."""
    import altair as alt

    places = _places(experiment)
    if not places:
        return None
    highest = max(place.high or place.mean for place in places)
    # up to the next quarter, so that low scores do not lie on top of each other
    scale = Scale(width, max(p.seconds for p in places) * 1.1, max(1, math.ceil(4 * highest)) / 4)
    x = alt.X(
        "seconds:Q",
        scale=alt.Scale(domain=[0, scale.reach]),
        axis=alt.Axis(title="seconds a question (median)", grid=False, tickCount=6),
    )
    y = alt.Y(
        "mean:Q",
        scale=alt.Scale(domain=[0, scale.top]),
        axis=alt.Axis(
            title=experiment.task.metric_title,
            tickCount=4,
            labelExpr="round(datum.value * 100) + ' %'",
            domain=False,
            ticks=False,
        ),
    )
    recommended = [p for p in places if p.name == experiment.verdict.get("recommended")]

    def mark(some: list[Place]) -> Chart:
        drawn = data([{**place._asdict(), **look(place.name, theme)} for place in some])
        return alt.Chart(drawn).encode(x=x, y=y)

    layers = [
        mark(places).mark_rule(strokeWidth=2, color=theme.muted).encode(y="low:Q", y2="high:Q"),
        *_labels(places, scale, theme),
        ring(mark(recommended), theme),
        markers(mark(places), theme),
    ]
    told = "; ".join(f"{p.title}: {percent(p.mean)} in {seconds(p.seconds)}" for p in places)
    description = f"Score against time a question. {told}."
    return finish(alt.layer(*layers), theme, description, width=width, height=HEIGHT)


def _places(experiment: Experiment) -> list[Place]:
    places = []
    for name, arm in experiment.rungs.items():
        scored, waited = arm.scores[experiment.task.metric], arm.latency_s.p50
        if scored.mean is not None and waited is not None:
            places.append(Place(name, arm.title, waited, scored.mean, scored.low, scored.high))
    return places


def _labels(places: list[Place], scale: Scale, theme: Theme) -> list[Chart]:
    """Each rung's name near its marker, where it covers no other marker, interval or name.

    A name that had to move away is tied to its marker by a thin line.
    """
    import altair as alt

    taken = []
    for place in places:
        at, level = scale.across(place.seconds), scale.down(place.mean)
        taken.append(around(at, level))
        low, high = place.low or place.mean, place.high or place.mean
        taken.append(Box(at - 2, scale.down(high), at + 2, scale.down(low)))
    named: dict[int, list[Row]] = {1: [], -1: []}
    for place in places:
        at, level = scale.across(place.seconds), scale.down(place.mean)
        spot = free_spot(place.title, at, level, HEIGHT, taken)
        taken.append(spot.box)
        named[spot.side].append(
            {
                "title": place.title,
                "seconds": place.seconds + spot.side * spot.away / scale.width * scale.reach,
                "mean": place.mean - spot.down / HEIGHT * scale.top,
                "from": place.seconds,
                "level": place.mean,
                "tied": spot.down != 0 or spot.away > AWAY,
            }
        )
    ties = [row for names in named.values() for row in names if row["tied"]]
    tie = alt.Chart(data(ties)).mark_rule(color=theme.muted, strokeWidth=0.75)
    return [
        tie.encode(x="from:Q", x2="seconds:Q", y="level:Q", y2="mean:Q"),
        *(
            alt.Chart(data(names))
            .mark_text(
                align="left" if side > 0 else "right", dx=3 * side, color=theme.ink, fontSize=13
            )
            .encode(x="seconds:Q", y="mean:Q", text="title:N")
            for side, names in named.items()
        ),
    ]
