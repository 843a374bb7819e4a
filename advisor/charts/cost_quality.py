"""Quality against time: what another second of waiting buys."""

from typing import NamedTuple

from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, look, markers, ring
from advisor.numbers import percent, seconds
from harness.experiment import Experiment

HEIGHT = 260
LINE = 16
"""Height of a label in pixels."""
LETTER = 7
"""Width of a letter, about."""
AWAY = 18
"""From the middle of a marker to its name, in pixels."""


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
    reach = max(place.seconds for place in places) * 1.1
    x = alt.X(
        "seconds:Q",
        scale=alt.Scale(domain=[0, reach]),
        axis=alt.Axis(title="seconds a question (median)", grid=False, tickCount=6),
    )
    y = alt.Y(
        "mean:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(
            title=experiment.task.metric_title,
            values=[0, 0.25, 0.5, 0.75, 1],
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
        ring(mark(recommended), theme),
        markers(mark(places), theme),
        *_labels(places, reach, width, theme),
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


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """True where the two overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _labels(places: list[Place], reach: float, width: int, theme: Theme) -> list[Chart]:
    """Each rung's name beside its marker, where it covers no other marker, interval or name."""
    import altair as alt

    def down(share: float) -> float:
        return (1 - share) * HEIGHT

    taken = []
    for place in places:
        at = place.seconds / reach * width
        # wider than the marker: a name right behind another rung's marker would name that one
        taken.append(Box(at - 14, down(place.mean) - 9, at + 14, down(place.mean) + 9))
        low, high = place.low or place.mean, place.high or place.mean
        taken.append(Box(at - 2, down(high), at + 2, down(low)))
    named: dict[int, list[Row]] = {1: [], -1: []}
    for place in places:
        side, dy, box = _free(place, place.seconds / reach * width, down(place.mean), taken)
        taken.append(box)
        beside = place.seconds + side * AWAY / width * reach
        named[side].append(
            {"title": place.title, "seconds": beside, "mean": place.mean - dy / HEIGHT}
        )
    return [
        alt.Chart(data(names))
        .mark_text(align="left" if side > 0 else "right", color=theme.ink, fontSize=13)
        .encode(x="seconds:Q", y="mean:Q", text="title:N")
        for side, names in named.items()
    ]


def _free(place: Place, x: float, y: float, taken: list[Box]) -> tuple[int, int, Box]:
    """(side, shift down, box) of the nearest free place for a name; beside it where none is."""
    long = len(place.title) * LETTER
    tries = []
    for dy in (0, -LINE, LINE, -2 * LINE, 2 * LINE, -3 * LINE, 3 * LINE):
        for side in (1, -1):
            left = x + AWAY if side > 0 else x - AWAY - long
            top = y + dy - LINE / 2
            tries.append((side, dy, Box(left, top, left + long, top + LINE)))
    inside = [one for one in tries if one[2].left >= 0 and one[2].bottom <= HEIGHT]
    free = [one for one in inside if not any(one[2].meets(box) for box in taken)]
    return (free or inside or tries)[0]
