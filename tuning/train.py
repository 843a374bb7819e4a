"""The training loop: completion-only loss, cosine schedule, early stopping on dev, best kept."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.memory import give_back
from tuning.models import LanguageModel
from tuning.models.shared import common_prefix
from tuning.recipe import Recipe

GIVE_BACK_TOKENS = 16_384
"""Tokens between two times that freed memory is handed back: getting it again takes a moment."""


class Evaluated(NamedTuple):
    """What the dev set says about the adapter as it stands."""

    metric: float | None
    """The task's headline metric on dev, higher is better; None where it is undefined."""
    loss: float
    """Mean NLL per completion token on dev, nats."""
    noise: float = 0.0
    """Differences of the metric up to this are chance: its standard error on so many rows."""

    def better_than(self, other: "Evaluated | None") -> bool:
        """By metric; loss decides where there is none, or where it differs by no more than noise.

        On 32 dev rows two right answers more are chance; the loss is a mean over all tokens.
        """
        if other is None:
            return True
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
    """Mean NLL per completion token of this step's rows, nats."""
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
    seconds: float
    tokens: int
    """Prompt and completion tokens that went through the model."""


def train(
    model: LanguageModel,
    rows: Sequence[Encoded],
    recipe: Recipe,
    folder: Path,
    evaluate: Callable[[], Evaluated],
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> TrainingResult:
    """Train a fresh adapter and leave the best one on the model and in `folder`.

    Args:
        model: the base; any adapter on it is replaced.
        rows: training rows.
        recipe: shape, learning rate, schedule.
        folder: where the best adapter goes, in PEFT's format.
        evaluate: scores the model as it stands on dev; called `recipe.evaluations` times.
        on_step: called after each optimiser step.

    Raises:
        TuningError: no rows, or the loss stopped being a number.
    """
    if not rows:
        raise TuningError("there are no training rows", "add examples to the training data")
    run = _Run(model, rows, recipe)
    started = time.perf_counter()
    points: list[Point] = []
    best: tuple[Evaluated, Point] | None = None
    since: list[float] = []
    worse = 0
    for step in range(1, run.steps + 1):
        loss = run.step(step)
        since.append(loss)
        on_step(run.progress(step, loss, time.perf_counter() - started))
        if step not in run.evaluate_at:
            continue
        scored = evaluate()
        run.must_be_finite(scored.loss, "dev loss", step)
        mean = sum(since) / len(since)
        points.append(Point(step, step / run.per_epoch, mean, scored.loss, scored.metric))
        since = []
        if scored.better_than(best[0] if best else None):
            model.save_adapter(folder)
            best, worse = (scored, points[-1]), 0
        else:
            worse += 1
        if worse >= recipe.patience:
            break
    if best is None:
        raise TuningError("training made no step", "use at least one epoch")
    model.load_adapter(folder)
    return TrainingResult(
        folder=folder,
        best=best[1],
        points=tuple(points),
        steps=points[-1].step,
        planned_steps=run.steps,
        stopped_early=points[-1].step < run.steps,
        seconds=time.perf_counter() - started,
        tokens=run.tokens,
    )


class _Run:
    """The moving parts of one training run."""

    def __init__(self, model: LanguageModel, rows: Sequence[Encoded], recipe: Recipe) -> None:
        import torch

        self.model, self.rows, self.recipe = model, rows, recipe
        model.new_adapter(recipe.shape, recipe.seed)
        self.parameters = model.adapter_parameters()
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=0.0, fused=True
        )
        self.per_epoch = math.ceil(len(rows) / recipe.batch_rows)
        self.steps = max(1, round(recipe.epochs * self.per_epoch))
        count = min(recipe.evaluations, self.steps)
        self.evaluate_at = {round(self.steps * (i + 1) / count) for i in range(count)}
        self.order = batches(len(rows), recipe.batch_rows, self.steps, recipe.seed)
        self.tokens = self.given_back = 0

    def step(self, step: int) -> float:
        """One optimiser step; returns the mean loss of its rows before the step."""
        import torch

        rows = [self.rows[i] for i in self.order[step - 1]]
        learned = sum(len(row.completion) for row in rows)
        total = 0.0
        for part in micro_batches(rows, self.recipe.micro_tokens):
            # divided by the whole batch's tokens, so that the cut into parts changes nothing
            loss = self.model.loss(part) / learned
            torch.autograd.backward(loss)
            total += float(loss.detach())
        self.must_be_finite(total, "loss", step)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)
        rate = self.recipe.learning_rate * schedule(step, self.steps, self.recipe.warmup_share)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.model.adapter_changed()
        self.tokens += sum(len(row.prompt) + len(row.completion) for row in rows)
        if self.tokens - self.given_back > GIVE_BACK_TOKENS:
            give_back()
            self.given_back = self.tokens
        return total

    def must_be_finite(self, loss: float, name: str, step: int) -> None:
        """Raise when training has diverged; an adapter that did so must not count as the best."""
        if not math.isfinite(loss):
            rate = self.recipe.learning_rate
            raise TuningError(
                f"the {name} became {loss} at step {step} (learning rate {rate:g})",
                "lower the learning rate",
            )

    def progress(self, step: int, loss: float, seconds: float) -> Progress:
        """What to tell after a step."""
        return Progress(
            step=step,
            steps=self.steps,
            epoch=step / self.per_epoch,
            loss=loss,
            learning_rate=self.optimiser.param_groups[0]["lr"],
            tokens_per_s=self.tokens / seconds,
            seconds_left=seconds / step * (self.steps - step),
        )


def schedule(step: int, steps: int, warmup_share: float) -> float:
    """Factor on the learning rate at a step (from 1): linear warm-up, then cosine to zero."""
    warmup = max(1, round(steps * warmup_share))
    if step <= warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup + 1)))


def batches(n_rows: int, batch_rows: int, steps: int, seed: int) -> list[list[int]]:
    """Row indices of every step: each epoch a new shuffle, every row once an epoch."""
    rng = random.Random(seed)
    out: list[list[int]] = []
    while len(out) < steps:
        order = list(range(n_rows))
        rng.shuffle(order)
        out.extend(order[at : at + batch_rows] for at in range(0, n_rows, batch_rows))
    return out[:steps]


def micro_batches(rows: Sequence[Encoded], budget: int) -> list[list[Encoded]]:
    """Rows in order of length, cut into parts of about one size that hold at most `budget` tokens.

    What all prompts begin with counts once a part, as it is computed once. Rows of like length go
    together, so that attention pads little; parts of one size, for a small last part is slow.
    """
    shared = common_prefix([row.prompt for row in rows])
    sized = sorted(
        ((len(row.prompt) + len(row.completion) - shared, row) for row in rows),
        key=lambda pair: pair[0],
    )
    room, total = max(1, budget - shared), sum(size for size, _ in sized)
    even = math.ceil(total / math.ceil(total / room)) + sized[-1][0] // 2 if sized else 0
    out: list[list[Encoded]] = []
    held = 0
    for size, row in sized:
        if not out or held + size > min(room, even):
            out.append([])
            held = 0
        out[-1].append(row)
        held += size
    return out


def mean_loss(model: LanguageModel, rows: Sequence[Encoded], budget: int = 8192) -> float:
    """Mean NLL per completion token, nats, without gradients.

    Raises:
        TuningError: no rows.
    """
    import torch

    learned = sum(len(row.completion) for row in rows)
    if not learned:
        raise TuningError("there are no rows to score", "add examples to the dev set")
    with torch.no_grad():
        total = sum(float(model.loss(part)) for part in micro_batches(rows, budget))
    return total / learned
