"""The training loop: completion-only loss, cosine schedule, early stopping on dev, best kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tuning import checkpoint
from tuning.at_once import at_once
from tuning.checkpoint import TrainingState, UnusableError
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.models import LanguageModel
from tuning.objective import Completions, Objective
from tuning.outcome import NOBODY, Evaluated, Point, TrainingResult, Watch
from tuning.recipe import MICRO_TOKENS, Recipe
from tuning.steps import DivergedError, Steps

CHECKPOINT_S: Final = 60.0
"""Seconds between two checkpoints; there is one at every evaluation besides."""
CHECKPOINT_SHARE: Final = 0.05
"""Of the time, that writing checkpoints may take: a whole model's are large."""


def train(
    model: LanguageModel,
    rows: Sequence[Encoded] | Objective[Any],
    recipe: Recipe,
    folder: Path,
    evaluate: Callable[[], Evaluated],
    watch: Watch = NOBODY,
) -> TrainingResult:
    """Train an adapter and leave the best one on the model and in `folder`.

    Where an earlier process was killed, this one goes on from its last checkpoint with the same
    rows in the same order, and ends as that one would have. The checkpoint stays until
    `tuning.checkpoint.remove`, so that an outcome nobody has written down yet is not lost.

    Args:
        model: the base; any adapter on it is replaced.
        rows: training rows, for a fresh adapter; or whatever else is learned from.
        recipe: shape, learning rate, schedule.
        folder: where the best adapter goes, in PEFT's format.
        evaluate: scores the model as it stands on dev; called `recipe.evaluations` times, and once
            before the first step where training goes on from an adapter.
        watch: who looks on, and may end it.

    Raises:
        DivergedError: the loss stopped being a number before there was anything to keep.
        TuningError: no rows, or memory has no room for a single row.
    """
    objective: Objective[Any] = Completions(rows) if isinstance(rows, Sequence) else rows
    if not objective.rows:
        raise TuningError("there are no training rows", "add examples to the training data")
    run = Steps(model, objective, _on(model, recipe))
    loop = _Loop(run, _begin(run, folder, watch), folder, watch)
    diverged = ""
    try:
        loop.to_the_end(evaluate)
    except DivergedError as error:
        if loop.at.best is None:
            raise
        diverged = error.reason
    at = loop.at
    if at.best is None:
        raise TuningError("training made no step", "use at least one epoch")
    model.load_adapter(folder)
    return TrainingResult(
        folder=folder,
        best=at.best,
        points=tuple(at.points),
        steps=at.step,
        planned_steps=run.steps,
        stopped_early=at.step < run.steps and not loop.ended and not diverged,
        seconds=at.seconds,
        tokens=run.tokens,
        stopped_by_user=loop.ended and at.step < run.steps,
        diverged=diverged,
        rows_at_once=model.room.rows.get(objective.doing),
        recompute=model.room.recompute,
        divided=model.room.divided,
    )


def _on(model: LanguageModel, recipe: Recipe) -> Recipe:
    """The recipe with the tokens at once that suit the model's device, unless it says others."""
    if recipe.micro_tokens != MICRO_TOKENS:
        return recipe
    return replace(recipe, micro_tokens=at_once(model.device.type).learned)


def _begin(run: Steps[Any], folder: Path, watch: Watch) -> TrainingState:
    """Where an earlier process left off, or the beginning."""
    try:
        at = run.resume(folder)
    except UnusableError as error:
        checkpoint.set_aside(folder)
        watch.say(f"A checkpoint of this training was set aside: {error}. It starts anew")
        return TrainingState()
    if at is None:
        return TrainingState()
    watch.say(f"Training goes on after step {at.step} of {run.steps}")
    return at


class _Loop:
    """Steps and looks at dev, until there is a reason to end."""

    def __init__(self, run: Steps[Any], at: TrainingState, folder: Path, watch: Watch) -> None:
        self.run, self.at, self.folder, self.watch = run, at, folder, watch
        self.ended = False
        """On request."""
        self.clock = self.kept = time.perf_counter()
        self.pause = CHECKPOINT_S

    def to_the_end(self, evaluate: Callable[[], Evaluated]) -> None:
        """Go on until the last step, until dev no longer improves, or until somebody has enough.

        Raises:
            DivergedError: the loss stopped being a number.
        """
        at, run = self.at, self.run
        if run.objective.continues and at.best is None:
            self._look(evaluate())
        while at.step < run.steps and at.worse < run.recipe.patience and not self.ended:
            loss = run.step(at.step + 1)
            at.step += 1
            at.since.append(loss)
            self._tick()
            self.watch.on_step(run.progress(at.step, loss, at.seconds))
            self.ended = self.watch.enough()
            due = at.step in run.evaluate_at
            if due or (self.ended and at.best is None):
                self._look(evaluate())
            if due or time.perf_counter() - self.kept > self.pause:
                self._keep()

    def _look(self, scored: Evaluated) -> None:
        """What dev says; the adapter is saved if it is the best so far."""
        at, run = self.at, self.run
        run.must_be_finite(scored.loss, "dev loss", at.step)
        # before the first step of what goes on, no row was trained on yet
        mean = sum(at.since) / len(at.since) if at.since else scored.loss
        epoch, guard = at.step / run.per_epoch, scored.guard
        point = Point(at.step, epoch, mean, scored.loss, scored.metric, guard, scored.allowed)
        at.points.append(point)
        at.since = []
        best = at.best
        if scored.better_than(best and Evaluated(best.dev_metric, best.dev_loss)):
            checkpoint.lay_by(self.folder)
            run.model.save_adapter(self.folder)
            at.best, at.best_sum, at.worse = point, checkpoint.best_sum(self.folder), 0
        else:
            at.worse += 1
        self._tick()
        self.watch.on_look(point)

    def _keep(self) -> None:
        """Write a checkpoint; a full disk takes that safety away, not the training."""
        began = time.perf_counter()
        try:
            self.run.keep(self.folder, self.at)
        except OSError as error:
            self.watch.say(f"No checkpoint could be written: {error.strerror or error}")
        self.kept = time.perf_counter()
        self.pause = max(CHECKPOINT_S, (self.kept - began) / CHECKPOINT_SHARE)

    def _tick(self) -> None:
        """Count the time since the last tick, over all processes."""
        now = time.perf_counter()
        self.at.seconds += now - self.clock
        self.clock = now
