"""What training tells while it runs and when it has ended."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple


class Evaluated(NamedTuple):
    """What the dev set says about the adapter as it stands."""

    metric: float | None
    """The task's headline metric on dev, higher is better; None where it is undefined."""
    loss: float
    """On dev: mean NLL per completion token, nats; for preference pairs, the mean DPO loss."""
    noise: float = 0.0
    """Differences of the metric up to this are chance: its standard error on so many rows."""
    guard: float | None = None
    """Something else that may not be lost meanwhile, where there is such a thing."""
    allowed: bool = True
    """False where it is lost: this state is never the better one."""

    def better_than(self, other: "Evaluated | None") -> bool:
        """By metric; loss decides where there is none, or where it differs by no more than noise.

        On 32 dev rows two right answers more are chance; the loss is a mean over all tokens.
        """
        if other is None or not self.allowed:
            return other is None
        mine, theirs = self.metric, other.metric
        if mine is not None and theirs is not None and abs(mine - theirs) > self.noise:
            return mine > theirs
        return self.loss < other.loss


class Progress(NamedTuple):
    """One optimiser step."""

    step: int
    steps: int
    epoch: float
    loss: float
    """Of this step's rows: mean NLL per completion token, nats; or the mean DPO loss."""
    learning_rate: float
    tokens_per_s: float
    """Prompt and completion tokens of the rows, per second since the start."""
    seconds_left: float


class Point(NamedTuple):
    """One evaluation during training."""

    step: int
    epoch: float
    train_loss: float
    """Mean over the steps since the last evaluation."""
    dev_loss: float
    dev_metric: float | None
    guard: float | None = None
    """See `Evaluated`."""
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on while training runs, and may end it."""

    on_step: Callable[[Progress], None] = lambda progress: None
    """Called after each optimiser step."""
    on_look: Callable[[Point], None] = lambda point: None
    """Called after each evaluation."""
    say: Callable[[str], None] = lambda line: None
    """Told what is out of the ordinary: a checkpoint gone on from, memory that ran out."""
    enough: Callable[[], bool] = lambda: False
    """Asked after each step; True ends training with the best adapter so far."""


NOBODY: Final = Watch()


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run did; the best adapter is in `folder`."""

    folder: Path
    best: Point
    points: tuple[Point, ...]
    steps: int
    """Optimiser steps made."""
    planned_steps: int
    stopped_early: bool
    """Dev no longer improved, so the steps left were not made."""
    seconds: float
    """Over all processes that worked on it."""
    tokens: int
    """Prompt and completion tokens that went through the model."""
    stopped_by_user: bool = False
    diverged: str = ""
    """Where the loss stopped being a number after a look at dev: the words for it."""
    rows_at_once: int | None = None
    """Rows that went through together after memory had run out; None where it never did."""
    recompute: bool = False
    """See `tuning.memory.Room`."""
    divided: int = 1
