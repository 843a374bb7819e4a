"""Fine-tuning as the rungs use it: learning rate chosen on dev, best adapter kept, resumable."""

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.answering import Asked, answer_all, answers_only
from harness.decoding import Decoding, choose_decoding
from harness.errors import JobError, Problem
from harness.prompts import target
from harness.types import Example, Json, Preparation
from harness.workbench import Workbench
from tuning.constrain import Constraint
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.recipe import Recipe, adapter_shape, batch_rows, learning_rates
from tuning.train import Evaluated, Progress, TrainingResult, mean_loss, train

TRAINED = "training.json"
"""File beside an adapter: how it was trained. It is written last."""


def adapter_folder(run: Path, cell: str) -> Path:
    """Where a cell's adapter lies in the run's folder."""
    return run / "adapters" / cell


class Lesson(NamedTuple):
    """An example with the prompt it is learned or tested with."""

    example: Example
    asked: Asked


def train_adapter(
    bench: Workbench, train_rows: Sequence[Lesson], dev_rows: Sequence[Lesson]
) -> Preparation:
    """Train one adapter a learning rate, keep the one that is best on dev, load it.

    An adapter that an earlier, interrupted process finished is loaded, not trained again.

    Raises:
        JobError: training cannot go on.
    """
    folder = adapter_folder(bench.folder, bench.cell)
    record = folder / TRAINED
    model = bench.local().model
    if record.is_file():
        stored: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        model.load_adapter(folder)
        return Preparation(stored["settings"], stored["effort"])
    tried: list[tuple[float, TrainingResult]] = []
    try:
        rows, dev = _fitting(bench, train_rows), _fitting(bench, dev_rows)
        for rate in learning_rates(model.n_parameters)[: bench.effort.learning_rates]:
            tried.append((rate, _train(bench, rows, dev_rows, dev, rate)))
    except TuningError as error:
        raise JobError(Problem(error.reason, error.fix, bench.cell)) from error
    best_rate, best = _best(tried, noise_of(len(dev_rows)))
    _keep(best.folder, folder)
    model.load_adapter(folder)
    settings: dict[str, Json] = {
        "method": "lora",
        "learning_rate": best_rate,
        "rank": adapter_shape(len(rows)).rank,
        "epochs": round(best.best.epoch, 2),
        "training_rows": len(rows),
        "batch_rows": batch_rows(len(rows)),
        "stopped_early": best.stopped_early,
    }
    if len(rows) < len(train_rows):
        settings["rows_too_long"] = len(train_rows) - len(rows)
    effort: dict[str, Json] = {
        "tried": [
            {
                "learning_rate": rate,
                "dev_metric": result.best.dev_metric,
                "dev_loss": round(result.best.dev_loss, 4),
                "steps": result.steps,
                "seconds": round(result.seconds, 1),
                "curve": [asdict_point(point) for point in result.points],
            }
            for rate, result in tried
        ],
        "dev_answers": len(dev_rows) * sum(len(result.points) for _, result in tried),
    }
    record.write_text(json.dumps({"settings": settings, "effort": effort}), encoding="utf-8")
    return Preparation(settings, effort)


def tuned_decoding(bench: Workbench, prepared: Preparation, dev_rows: Sequence[Lesson]) -> Decoding:
    """Whether the tuned model's answers are held to the allowed ones; free ones are known."""

    def score(constraint: Constraint | None) -> float | None:
        asked = [lesson.asked for lesson in dev_rows]
        answers = answers_only(answer_all(bench, asked, constraint=constraint))
        return bench.dev_score([lesson.example for lesson in dev_rows], answers)

    return choose_decoding(bench, score, len(dev_rows), _free_score(prepared))


def _free_score(prepared: Preparation) -> float | None:
    """The dev metric of the adapter that was kept."""
    tried: Any = prepared.effort["tried"]
    rate = prepared.settings["learning_rate"]
    found: float | None = next(t["dev_metric"] for t in tried if t["learning_rate"] == rate)
    return found


def asdict_point(point: Any) -> dict[str, Json]:
    """A point of the training curve as JSON."""
    return {name: getattr(point, name) for name in point._fields}


def _fitting(bench: Workbench, lessons: Sequence[Lesson]) -> list[Encoded]:
    """The rows that the model's context can hold.

    A longer one would be learned at positions the model was never built for.

    Raises:
        TuningError: there are rows, and none of them fits.
    """
    local = bench.local()
    rows = [local.encode(one.asked.prompt, target(bench.spec, one.example)) for one in lessons]
    kept = [row for row in rows if len(row.prompt) + len(row.completion) <= local.context_length]
    if rows and not kept:
        raise TuningError(
            f"every row is longer than the {local.context_length:,} tokens the model can read",
            "shorten the examples, or choose a model with a longer context",
        )
    return kept


def _train(
    bench: Workbench,
    rows: Sequence[Encoded],
    dev_rows: Sequence[Lesson],
    dev: Sequence[Encoded],
    rate: float,
) -> TrainingResult:
    local = bench.local()
    dev_examples = [lesson.example for lesson in dev_rows]

    def evaluate() -> Evaluated:
        bench.say("Testing on dev", {})
        answers = answers_only(answer_all(bench, [lesson.asked for lesson in dev_rows]))
        score = bench.dev_score(dev_examples, answers)
        return Evaluated(score, mean_loss(local.model, dev), noise_of(len(dev_rows)))

    def on_step(progress: Progress) -> None:
        bench.say("Training", {**progress._asdict(), "learning_rate": rate})

    recipe = Recipe(
        shape=adapter_shape(len(rows)),
        learning_rate=rate,
        epochs=bench.effort.epochs,
        batch_rows=batch_rows(len(rows)),
        evaluations=bench.effort.evaluations,
        seed=bench.seed,
    )
    folder = adapter_folder(bench.folder, f"{bench.cell}.lr{rate:g}")
    return train(local.model, rows, recipe, folder, evaluate, on_step)


def noise_of(n_rows: int) -> float:
    """Standard error of a share of right answers among so many rows, at its largest."""
    return 0.5 / math.sqrt(max(1, n_rows))


def _best(
    tried: Sequence[tuple[float, TrainingResult]], noise: float
) -> tuple[float, TrainingResult]:
    """The learning rate that did best on dev; the likelier one where they are equal."""

    def seen(result: TrainingResult) -> Evaluated:
        return Evaluated(result.best.dev_metric, result.best.dev_loss, noise)

    best = tried[0]
    for one in tried[1:]:
        if seen(one[1]).better_than(seen(best[1])):
            best = one
    return best


def _keep(best: Path, folder: Path) -> None:
    """Move the best adapter to its place and drop the others."""
    if folder.exists():
        shutil.rmtree(folder)
    best.rename(folder)
    for other in folder.parent.glob(f"{folder.name}.lr*"):
        shutil.rmtree(other)
