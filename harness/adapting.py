"""Fine-tuning as the rungs use it: learning rate chosen on dev, best adapter kept, resumable."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.answering import answer_all, answers_only
from harness.decoding import Decoding, choose_decoding
from harness.disk import decode, write_json
from harness.errors import JobError, Problem
from harness.prompts import target
from harness.scoring import Scored
from harness.trials import (
    Lesson,
    Material,
    Trial,
    for_lack_of_memory,
    try_rate,
)
from harness.tuning_memory import refuse_what_does_not_fit
from harness.types import Json, Preparation
from harness.workbench import Workbench
from tuning.constrain import Constraint
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.recipe import Recipe, adapter_shape, batch_rows, learning_rates, schedule_of, steps_of

TRAINED = "training.json"
"""File beside an adapter: how it was trained. It is written last."""


def adapter_folder(run: Path, cell: str) -> Path:
    """Where a cell's adapter lies in the run's folder."""
    return run / "adapters" / cell


def train_adapter(
    bench: Workbench, train_rows: Sequence[Lesson], dev_rows: Sequence[Lesson]
) -> Preparation:
    """Train one adapter a learning rate, keep the one that is best on dev, load it.

    What an earlier, interrupted process finished is not trained again: a whole adapter is loaded,
    a learning rate's outcome is read, and a training under way goes on from its checkpoint.

    Raises:
        JobError: training cannot go on.
    """
    before = trained_before(bench)
    if before is not None:
        return before
    folder = adapter_folder(bench.folder, bench.cell)
    bench.enough_file.unlink(missing_ok=True)  # an old request does not end this training
    try:
        rows, dev = _fitting(bench, train_rows), _fitting(bench, dev_rows)
        refuse_what_does_not_fit(bench, rows)
        local, given = bench.local(), bench.tuning
        with local.learning(given.method), local.shared(given.method, given.processes) as group:
            material = Material(rows, dev, dev_rows, group)
            tried = list(_trials(bench, material))
        best = _best(tried, material.noise)
    except TuningError as error:
        raise JobError(Problem(error.reason, error.fix, bench.cell)) from error
    settings = _settings(bench, best, tried, len(rows))
    if len(rows) < len(train_rows):
        settings["rows_too_long"] = len(train_rows) - len(rows)
    effort = _effort(tried, len(dev_rows))
    _keep(_folder(bench, best.learning_rate), folder, Preparation(settings, effort))
    bench.enough_file.unlink(missing_ok=True)
    bench.local().model.load_adapter(folder)
    return Preparation(settings, effort)


def trained_before(bench: Workbench) -> Preparation | None:
    """Load what an earlier process trained to the end; None where there is none."""
    folder = adapter_folder(bench.folder, bench.cell)
    record = folder / TRAINED
    if not record.is_file():
        return None
    stored = decode(record.read_bytes(), Preparation, record)
    bench.local().model.load_adapter(folder)
    return stored


def tuned_decoding(bench: Workbench, dev_rows: Sequence[Lesson]) -> Decoding:
    """Whether the tuned model's answers are held to the allowed ones.

    Of the training only the score of its free answers is known; what each question scored takes
    answering them once more.
    """

    def score(constraint: Constraint | None) -> Scored:
        asked = [lesson.asked for lesson in dev_rows]
        answers = answers_only(answer_all(bench, asked, constraint=constraint))
        return bench.dev_scored([lesson.example for lesson in dev_rows], answers)

    return choose_decoding(bench, score, len(dev_rows))


def free_score(prepared: Preparation) -> float | None:
    """The task's score on dev of the adapter that was kept, answering freely."""
    if "task_score" in prepared.effort:  # training was judged by something else
        score: Any = prepared.effort["task_score"]
        return None if score is None else float(score)
    tried: Any = prepared.effort["tried"]
    rate = prepared.settings["learning_rate"]
    found: float | None = next(t["dev_metric"] for t in tried if t["learning_rate"] == rate)
    return found


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


def _trials(bench: Workbench, material: Material) -> Iterator[Trial]:
    """As many learning rates as the effort allows; one that diverges is made up for by the next."""
    given = bench.tuning.learning_rate
    steps = steps_of(_recipe(bench, len(material.rows), 0.0), len(material.rows))
    rates = learning_rates(bench.local().model.n_parameters, bench.tuning.method, steps)
    whole = 0
    for rate in rates if given is None else (given,):
        trial = try_rate(
            bench, material, _recipe(bench, len(material.rows), rate), _folder(bench, rate)
        )
        if trial.diverged:
            bench.say(f"A learning rate was given up: {trial.diverged}", {})
        yield trial
        whole += not trial.diverged
        asked = trial.stopped_by_user or bench.enough_file.exists()
        if whole >= bench.effort.learning_rates or (asked and trial.best is not None):
            return


def _folder(bench: Workbench, rate: float) -> Path:
    """Where the adapter of one learning rate is kept until the best is known."""
    return adapter_folder(bench.folder, f"{bench.cell}.lr{rate:g}")


def _recipe(bench: Workbench, n_rows: int, rate: float) -> Recipe:
    given = bench.tuning
    shape = adapter_shape(n_rows, given) if given.method != "full" else None
    return Recipe(
        shape=shape,
        learning_rate=rate,
        epochs=bench.effort.epochs,
        batch_rows=given.batch_rows or batch_rows(n_rows),
        evaluations=bench.effort.evaluations,
        seed=bench.seed,
        **schedule_of(given),
    )


def _best(tried: Sequence[Trial], noise: float) -> Trial:
    """The learning rate that did best on dev; the likelier one where they are equal.

    Raises:
        TuningError: with none of them the loss stayed a number.
    """
    left = [trial for trial in tried if trial.best is not None]
    if not left:
        raise TuningError(
            f"with no learning rate training came to anything: {tried[-1].diverged}",
            "write a lower learning_rate under [tuning] in rungwise.toml, for instance 1e-5, "
            "and look for garbled rows in the training data",
        )
    best = left[0]
    for one in left[1:]:
        if one.seen(noise).better_than(best.seen(noise)):
            best = one
    return best


def _settings(
    bench: Workbench, best: Trial, tried: Sequence[Trial], n_rows: int
) -> dict[str, Json]:
    """What the adapter that was kept was trained with, and what befell it."""
    recipe = _recipe(bench, n_rows, best.learning_rate)
    settings: dict[str, Json] = {
        "method": bench.tuning.method,
        "learning_rate": best.learning_rate,
    }
    if recipe.shape is not None:
        settings |= {"rank": recipe.shape.rank, "alpha": recipe.shape.alpha}
    assert best.best is not None
    settings |= {
        "epochs": round(best.best.epoch, 2),
        "training_rows": n_rows,
        "batch_rows": recipe.batch_rows,
        "stopped_early": best.stopped_early,
    }
    settings |= schedule_of(bench.tuning)
    if bench.tuning.processes > 1:
        settings["processes"] = bench.tuning.processes
    settings |= for_lack_of_memory(best, bench.device.kind)
    left_out = sum(not trial.diverged for trial in tried) < bench.effort.learning_rates
    if any(trial.stopped_by_user for trial in tried) or (left_out and bench.enough_file.exists()):
        ended = next((trial for trial in tried if trial.stopped_by_user), best)
        settings["stopped_by_user"] = f"after step {ended.steps} of {ended.planned_steps}"
    if best.diverged:
        settings["ended_because"] = best.diverged
    return settings


def _effort(tried: Sequence[Trial], n_dev: int) -> dict[str, Json]:
    effort: dict[str, Json] = {
        "tried": [trial.told() for trial in tried if trial.best is not None],
        "dev_answers": n_dev * sum(len(trial.points) for trial in tried),
    }
    given_up = {f"{t.learning_rate:g}": t.diverged for t in tried if t.diverged}
    if given_up:
        effort["given_up"] = given_up
    return effort


def _keep(best: Path, folder: Path, prepared: Preparation) -> None:
    """Move the best adapter to its place and drop the others.

    Its record goes with it in one rename: a kill leaves either all trials or the adapter whole.
    """
    record = {"settings": prepared.settings, "effort": prepared.effort}
    write_json(best / TRAINED, record)
    if folder.exists():
        shutil.rmtree(folder)
    best.rename(folder)
    for other in folder.parent.glob(f"{folder.name}.lr*"):
        shutil.rmtree(other)
