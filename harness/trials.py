"""One learning rate tried to its end, written down, so that no later process tries it again."""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.answering import Asked, answer_all, answers_only
from harness.disk import decode, write_json
from harness.errors import UserError
from harness.prompts import render
from harness.types import Example, Json, Query, TaskSpec
from harness.workbench import Workbench
from tuning import checkpoint
from tuning.at_once import at_once
from tuning.encode import Encoded
from tuning.likelihood import mean_loss
from tuning.outcome import Evaluated, Point, Progress, TrainingResult, Watch
from tuning.recipe import Recipe
from tuning.steps import DivergedError
from tuning.together import Together
from tuning.train import train

TRIAL = "trial.json"
"""Beside the adapter; its presence says that nothing is left to train there."""


class Lesson(NamedTuple):
    """An example with the prompt it is learned or tested with."""

    example: Example
    asked: Asked


def plain_lesson(spec: TaskSpec, example: Example) -> Lesson:
    """An example whose prompt holds the question alone."""
    return Lesson(
        example, Asked(Query(example.id, example.question), render(spec, example.question))
    )


class Material(NamedTuple):
    """What all learning rates are tried on."""

    rows: Sequence[Encoded]
    dev: Sequence[Encoded]
    dev_lessons: Sequence[Lesson]
    group: Together | None = None
    """Processes that learn together; None where one learns alone."""

    @property
    def noise(self) -> float:
        """Standard error of a share of right answers on dev, at its largest."""
        return noise_of(len(self.dev_lessons))


def noise_of(n: int) -> float:
    """Standard error of a share of n, at its largest."""
    return 0.5 / math.sqrt(max(1, n))


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one learning rate."""

    learning_rate: float
    points: tuple[Point, ...] = ()
    best: Point | None = None
    """None where the loss stopped being a number before dev was looked at."""
    steps: int = 0
    planned_steps: int = 0
    seconds: float = 0.0
    stopped_early: bool = False
    stopped_by_user: bool = False
    diverged: str = ""
    rows_at_once: int | None = None
    recompute: bool = False
    divided: int = 1

    def seen(self, noise: float) -> Evaluated:
        """The best it did on dev, to be compared."""
        assert self.best is not None
        return Evaluated(self.best.dev_metric, self.best.dev_loss, noise)

    def told(self) -> dict[str, Json]:
        """For the record of the rung's effort."""
        assert self.best is not None
        return {
            "learning_rate": self.learning_rate,
            "dev_metric": self.best.dev_metric,
            "dev_loss": round(self.best.dev_loss, 4),
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "curve": [point._asdict() for point in self.points],
        }


def try_rate(bench: Workbench, material: Material, recipe: Recipe, folder: Path) -> Trial:
    """Train with one learning rate, or say what came of it when it was trained before.

    Args:
        bench: the model, the task, and who looks on.
        material: rows to learn from and rows to be tested on.
        recipe: with the learning rate.
        folder: for the adapter, until it is known which learning rate is the best.

    Raises:
        TuningError: training cannot go on, with this learning rate or with any.
    """
    done = _done(folder)
    if done is not None:
        return done
    if (folder / TRIAL).exists():
        bench.say("The record of a learning rate is damaged: it is tried again", {})
    try:
        trial = _train(bench, material, recipe, folder)
    except DivergedError as error:
        trial = Trial(recipe.learning_rate, diverged=error.reason)
    write_json(folder / TRIAL, trial)
    checkpoint.remove(folder)  # not before: a kill in between must not cost the whole training
    return trial


def _done(folder: Path) -> Trial | None:
    """What an earlier process found; a damaged record means training again."""
    file = folder / TRIAL
    with contextlib.suppress(OSError, UserError):
        return decode(file.read_bytes(), Trial, file)
    return None


def _train(bench: Workbench, material: Material, recipe: Recipe, folder: Path) -> Trial:
    model, rate = bench.local().model, recipe.learning_rate
    lessons = material.dev_lessons
    examples = [lesson.example for lesson in lessons]

    def evaluate() -> Evaluated:
        bench.say("Testing on dev", {})
        answers = answers_only(answer_all(bench, [lesson.asked for lesson in lessons]))
        score = bench.dev_score(examples, answers)
        return Evaluated(score, mean_loss(model, material.dev), material.noise)

    watch = watch_of(bench, rate)
    group, rows = material.group, material.rows
    learned = group.completions(rows) if group else rows
    result = train(model, learned, recipe, folder, evaluate, watch)
    return Trial(
        learning_rate=rate,
        points=result.points,
        best=result.best,
        steps=result.steps,
        planned_steps=result.planned_steps,
        seconds=result.seconds,
        stopped_early=result.stopped_early,
        stopped_by_user=result.stopped_by_user,
        diverged=result.diverged,
        rows_at_once=result.rows_at_once,
        recompute=result.recompute,
        divided=result.divided,
    )


def for_lack_of_memory(result: Trial | TrainingResult, kind: str) -> dict[str, Json]:
    """Settings that tell what memory had no room for; none where it had."""
    found: dict[str, Json] = {}
    if result.rows_at_once is not None:
        found["batch_rows_at_once"] = result.rows_at_once
    if result.recompute:
        found["layers_computed_twice"] = True
    if result.divided > 1:
        found["tokens_at_once_after_a_kill"] = at_once(kind).learned // result.divided
    return found


def watch_of(bench: Workbench, rate: float) -> Watch:
    """Who looks on while a training with this learning rate runs, and may end it."""

    def on_step(progress: Progress) -> None:
        # the learning rate names the trial; what it is at this step stands beside it
        now = {"learning_rate": rate, "rate_now": progress.learning_rate}
        bench.say("Training", {**progress._asdict(), **now})

    def on_look(point: Point) -> None:
        bench.say("Tested on dev", {**point._asdict(), "learning_rate": rate})

    return Watch(on_step, on_look, lambda line: bench.say(line, {}), bench.enough_file.exists)
