"""How training went: loss on training and dev rows, and the score on dev, over the epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.charts.style import LIGHT, Chart, Row, Theme, data, finish, ring
from advisor.numbers import percent
from harness.experiment import ArmResult

ACCENT = "#0072b2"
HEIGHT = 150
TRAINING, OTHERS = (5, 3), (1, 3)
"""Dashes, so that the lines differ without colour."""


def curve(arm: ArmResult, theme: Theme = LIGHT, width: int = 230) -> Chart | None:
    """Loss at the left, score on dev at the right; the point that was kept is ringed.

    The learning rate that was taken is drawn in full, others that were tried are dotted. None for a
    rung that was not trained.
    """
    import altair as alt

    tried = [one for one in arm.effort.get("tried", ()) if one.get("curve")]
    if not tried:
        return None
    rate = arm.settings.get("learning_rate")
    taken = next((one for one in tried if one.get("learning_rate") == rate), tried[0])
    others = [one for one in tried if one is not taken]
    kept, judged_by = _kept(arm, taken["curve"]), str(arm.effort.get("judged_by", "score"))
    loss = alt.layer(
        *(_line(one["curve"], "dev_loss", theme.muted, OTHERS) for one in others),
        _line(taken["curve"], "train_loss", theme.muted, TRAINING),
        _line(taken["curve"], "dev_loss", ACCENT),
        *_end(taken["curve"], theme),
        *_ring(kept, "dev_loss", theme),
    ).properties(width=width, height=HEIGHT, title="loss, lower is better")
    panels = [loss]
    if any(point["dev_metric"] is not None for point in taken["curve"]):
        dev = _dev(taken, others, kept, theme)
        title = f"{judged_by} on dev; ringed: the state that was kept"
        panels.append(dev.properties(width=width, height=HEIGHT, title=title))
    said = _words(taken["curve"], kept, judged_by)
    return finish(alt.hconcat(*panels, spacing=50), theme, f"Training of {arm.title}. {said}")


Points = Sequence[Mapping[str, Any]]


def _dev(
    taken: Mapping[str, Any], others: Sequence[Mapping[str, Any]], kept: Row, theme: Theme
) -> Chart:
    import altair as alt

    layers = [_line(one["curve"], "dev_metric", theme.muted, OTHERS) for one in others]
    layers.append(_line(taken["curve"], "dev_metric", ACCENT))
    layers += _ring(kept, "dev_metric", theme)
    return alt.layer(*layers)


def _line(points: Points, name: str, colour: str, dash: Sequence[int] = (1, 0)) -> Chart:
    import altair as alt

    shown = [dict(point) for point in points if point[name] is not None]
    share = name == "dev_metric"
    y = alt.Y(
        f"{name}:Q",
        scale=alt.Scale(domain=[0, 1]) if share else alt.Scale(zero=True),
        axis=alt.Axis(
            title=None,
            tickCount=4,
            domain=False,
            ticks=False,
            labelExpr="round(datum.value * 100) + ' %'" if share else "datum.label",
        ),
    )
    axis = alt.Axis(title="epochs", grid=False, tickMinStep=1, tickCount=5)
    x = alt.X("epoch:Q", scale=alt.Scale(domainMin=0), axis=axis)
    return (
        alt.Chart(data(shown))
        .mark_line(
            color=colour, strokeDash=list(dash), point={"color": colour, "size": 30, "filled": True}
        )
        .encode(x=x, y=y)
    )


def _end(points: Points, theme: Theme) -> list[Chart]:
    """The names of the two loss lines at their right end, apart from each other."""
    import altair as alt

    last = dict(points[-1])
    dev_above = last["dev_loss"] >= last["train_loss"]
    layers = []
    for name, word, above in (
        ("dev_loss", "dev", dev_above),
        ("train_loss", "training", not dev_above),
    ):
        label = alt.Chart(data([last])).mark_text(
            text=word, align="left", dx=14, dy=-5 if above else 6, color=theme.ink
        )
        layers.append(label.encode(x="epoch:Q", y=f"{name}:Q"))
    return layers


def _ring(kept: Row, name: str, theme: Theme) -> list[Chart]:
    import altair as alt

    if kept[name] is None:
        return []
    point = alt.Chart(data([kept])).encode(x="epoch:Q", y=f"{name}:Q")
    return [ring(point, theme, 190)]


def _kept(arm: ArmResult, points: Points) -> Row:
    """The evaluation whose state answers: the settings say at which epoch it was."""
    at = float(str(arm.settings.get("epochs", points[-1]["epoch"])))
    return dict(min(points, key=lambda point: abs(point["epoch"] - at)))


def _words(points: Points, kept: Row, judged_by: str) -> str:
    first, last = points[0], points[-1]
    return (
        f"Training loss from {first['train_loss']:.2f} to {last['train_loss']:.2f}, dev loss from "
        f"{first['dev_loss']:.2f} to {last['dev_loss']:.2f} over {last['epoch']:.1f} epochs; kept "
        f"at epoch {kept['epoch']:.1f}, where the {judged_by} on dev was "
        f"{percent(kept['dev_metric'])}."
    )
