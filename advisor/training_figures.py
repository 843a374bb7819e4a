"""What a training says while it runs: its steps, its looks at dev, its pace; read from events."""

from collections.abc import Sequence
from typing import NamedTuple

from advisor.numbers import percent, seconds
from harness.store import Event


class Loss(NamedTuple):
    """A step of training."""

    step: int
    loss: float
    learning_rate: float
    """Of the trial that the step belongs to."""


class Look(NamedTuple):
    """What dev said during training."""

    step: int
    dev_loss: float
    dev_metric: float | None
    learning_rate: float
    """As above."""


class Pace(NamedTuple):
    """The newest step of training."""

    step: int
    steps: int
    loss: float
    rate: float
    """The learning rate at this step."""
    tokens_per_s: float
    left_s: float


def losses_of(own: Sequence[Event]) -> tuple[Loss, ...]:
    """Steps of training, of some events; one that a new process makes again counts once."""
    found = {}
    for event in own:
        if event.message == "Training" and "loss" in event.figures:
            rate, step = _trial(event), int(event.figures["step"])
            found[rate, step] = Loss(step, float(event.figures["loss"]), rate)
    return tuple(found.values())


def looks_of(own: Sequence[Event]) -> tuple[Look, ...]:
    """What dev said, of some events; each look once."""
    found = {}
    for event in own:
        if event.message == "Tested on dev":
            rate, told = _trial(event), event.figures
            step, score = int(told["step"]), told["dev_metric"]
            found[rate, step] = Look(step, float(told["dev_loss"]), score, rate)
    return tuple(found.values())


def _trial(event: Event) -> float:
    """The learning rate that is being tried."""
    return float(event.figures.get("learning_rate", 0.0))


def pace_of(own: Sequence[Event]) -> Pace | None:
    """The newest step of training, of some events."""
    steps = [event.figures for event in own if event.message == "Training"]
    if not steps:
        return None
    told = steps[-1]
    return Pace(
        int(told["step"]),
        int(told["steps"]),
        float(told["loss"]),
        float(told.get("rate_now", told.get("learning_rate", 0.0))),
        float(told["tokens_per_s"]),
        float(told["seconds_left"]),
    )


def pace_words(pace: Pace) -> str:
    """The figures of a step in a line, without the step itself."""
    words = (
        f"loss {pace.loss:.2f}, learning rate {pace.rate:.2g}, {pace.tokens_per_s:,.0f} tokens/s"
    )
    return f"{words}, {seconds(pace.left_s)} left" if pace.step < pace.steps else words


def look_words(look: Look) -> str:
    """What dev said, in a line."""
    words = f"dev after step {look.step:,}: loss {look.dev_loss:.2f}"
    # where less is better the score is turned round, and no share
    known = look.dev_metric is not None and look.dev_metric >= 0
    return f"{words}, score {percent(look.dev_metric)}" if known else words
