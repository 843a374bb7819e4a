"""Cost of a month against the answers in it: where a rung that is dearer to build begins to pay."""

from collections.abc import Sequence
from typing import NamedTuple

from advisor.charts.style import LIGHT, Chart, Theme, data, finish, look, markers
from advisor.money_tables import Money
from advisor.numbers import about, in_sentence, money

HEIGHT = 280
LINE = 17
"""Height of a label in pixels; names at the ends of lines keep so far apart."""
ROOM = 1.25
"""The axis goes so far beyond the last thing to see."""
FAR = 5.0
"""A crossing at more than so many times the expected volume would press the rest together."""


class End(NamedTuple):
    """The right end of a line, and where its name stands."""

    key: str
    title: str
    cost: float
    at: float
    """Cost at whose height the name stands."""


def break_even(found: Money, theme: Theme = LIGHT, width: int = 480) -> Chart | None:
    """A line a rung, its name at the right end; None where no answer has a price."""
    import altair as alt

    costs = {name: cost for name, cost in found.costs.items() if cost.each is not None}
    if not costs:
        return None
    reach = _reach(found)
    tops = {name: cost.month_at(reach) or 0.0 for name, cost in costs.items()}
    highest = max(tops.values()) * 1.05 or 1.0
    unit = f" in {found.prices.currency}" if found.prices.currency else ""
    x = alt.X(
        "answers:Q",
        scale=alt.Scale(domain=[0, reach], nice=False),
        axis=alt.Axis(title="answers a month", grid=False, tickCount=5, format=",.0f"),
    )
    y = alt.Y(
        "cost:Q",
        scale=alt.Scale(domain=[0, highest], nice=False),
        axis=alt.Axis(
            title=f"cost of a month{unit}, building spread over 12 months",
            tickCount=5,
            domain=False,
            ticks=False,
            format=",.6~r",
        ),
    )
    points = {
        name: [
            {"answers": at, "cost": cost.month_at(at), **look(name, theme)} for at in (0.0, reach)
        ]
        for name, cost in costs.items()
    }
    ends = _ends({name: (costs[name].title, top) for name, top in tops.items()}, highest)
    rows = [{"answers": reach, "cost": end.cost, **look(end.key, theme)} for end in ends]
    names = [{"answers": reach, "cost": end.at, "title": end.title} for end in ends]
    layers = [
        *_volume(found, reach, theme),
        *(
            alt.Chart(data(line))
            .mark_line(strokeWidth=2.5 if name == found.standing else 1.5, color=line[0]["fill"])
            .encode(x=x, y=y)
            for name, line in points.items()
        ),
        markers(alt.Chart(data(rows)), theme).encode(x=x, y=y),
        alt.Chart(data(names))
        .mark_text(align="left", dx=14, color=theme.ink, fontSize=13)
        .encode(x=x, y=y, text="title:N"),
    ]
    return finish(alt.layer(*layers), theme, _words(found), width=width, height=HEIGHT)


def _reach(found: Money) -> float:
    """Answers a month at the right edge: beyond the expected volume and the crossings near it."""
    volume = found.prices.answers_per_month or 0.0
    crossings = sorted(pair.answers_per_month for pair in found.pairs if pair.answers_per_month)
    near = [at for at in crossings if at <= FAR * volume] if volume else crossings[:1]
    return ROOM * max([volume, *near]) or 1000.0


def _volume(found: Money, reach: float, theme: Theme) -> list[Chart]:
    """The volume that the user expects, as a thin line with its name above."""
    import altair as alt

    if not found.prices.answers_per_month:
        return []
    at = alt.Chart(data([{"answers": found.prices.answers_per_month}])).encode(x="answers:Q")
    name = at.mark_text(text="expected", baseline="bottom", dy=-4, color=theme.muted)
    return [
        at.mark_rule(color=theme.muted, strokeDash=[4, 3]),
        name.encode(y=alt.value(0)),
    ]


def _ends(tops: dict[str, tuple[str, float]], highest: float) -> list[End]:
    """Names at the ends of the lines, moved up where two would lie on each other."""
    gap = LINE / HEIGHT * highest
    order = sorted(tops, key=lambda name: tops[name][1])
    places: list[float] = []
    for name in order:
        places.append(max([tops[name][1], *(place + gap for place in places[-1:])]))
    # the topmost stays within the picture, and pushes those below it down again
    places = _pushed_down(places, highest, gap)
    return [
        End(name, tops[name][0], tops[name][1], place)
        for name, place in zip(order, places, strict=True)
    ]


def _pushed_down(places: Sequence[float], highest: float, gap: float) -> list[float]:
    found: list[float] = []
    limit = highest
    for place in reversed(places):
        found.insert(0, min(place, limit))
        limit = found[0] - gap
    return found


def _words(found: Money) -> str:
    """The picture in words: what a month costs before the first answer, and each answer then."""
    unit = found.prices.currency
    told = [
        f"{cost.title}: {money(cost.fixed_per_month, unit)} and {money(1000 * cost.each, unit)} "
        "a thousand answers"
        for cost in found.costs.values()
        if cost.each is not None
    ]
    crossings = [
        f"{in_sentence(found.costs[pair.dearer].title)} below "
        f"{in_sentence(found.costs[pair.cheaper].title)} from {about(pair.answers_per_month)} on"
        for pair in found.pairs
        if pair.answers_per_month
    ]
    end = f" {'; '.join(crossings)}." if crossings else ""
    return f"Cost of a month by answers. {'; '.join(told)}.{end}"
