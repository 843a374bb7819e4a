"""Learning from preference pairs, on top of a fine-tuned adapter: resumable, the best state kept.

The mechanism is that of `tuning.train`; here is what is learned from, how states are judged on dev,
and the record of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.adapting import TRAINED, adapter_folder
from harness.answering import answer_all, answers_only
from harness.data import fingerprint
from harness.disk import decode, write_json
from harness.errors import JobError, Problem
from harness.prompts import render
from harness.trials import Lesson, Trial, for_lack_of_memory, noise_of, watch_of
from harness.types import Json, Preference, Preparation
from harness.workbench import Workbench
from tuning import checkpoint
from tuning.errors import TuningError
from tuning.outcome import Evaluated, TrainingResult
from tuning.pairs import Pair, Pairs, referred, score_pairs
from tuning.recipe import BETA, Recipe, batch_rows, gentler, learning_rates, schedule_of
from tuning.train import train

START = "start.json"
"""File beside the adapter: what the state before the first step made of pairs and dev."""

SHARED = ("method", "rank", "training_rows", "rows_too_long", "stopped_by_user", "ended_because")
"""Settings of the fine-tuning that are this rung's as well."""

SPENT = ("started_s", "started_joules")
"""Of its effort: what preparing the rung took that it goes on from."""


@dataclass(frozen=True, slots=True)
class Start:
    """The state that alignment begins with, as it was measured once."""

    whose: str
    """Check sum of the pairs and of the adapter."""
    margins: tuple[float, ...] = ()
    """Of the training pairs, then of the dev pairs; see `tuning.pairs.Pair.reference`."""


@dataclass(frozen=True, slots=True)
class PairLessons:
    """What alignment learns from and is judged by."""

    train: Sequence[Preference]
    dev: Sequence[Preference]
    dev_lessons: Sequence[Lesson] = field(default_factory=tuple)
    """Examples on which the task's own score must not be lost."""
    least: float | None = None
    """That score of the state it begins with; None where it is undefined."""


def align(bench: Workbench, start: Path, lessons: PairLessons, tuned: Preparation) -> Preparation:
    """Go on from a fine-tuned adapter with preference pairs, keep the state that is best on dev.

    Args:
        bench: the model, and under which name the result is kept.
        start: folder of the adapter; it also is the reference.
        lessons: pairs and dev rows.
        tuned: how the adapter was trained; effort that counts for this rung as well.

    Raises:
        JobError: training cannot go on.
    """
    bench.enough_file.unlink(missing_ok=True)  # an old request does not end this training
    try:
        with bench.local().learning(bench.tuning.method):
            prepared = _Aligning(bench, start, lessons, tuned).to_the_end()
    except TuningError as error:
        raise JobError(Problem(error.reason, error.fix, bench.cell)) from error
    folder = adapter_folder(bench.folder, bench.cell)
    write_json(folder / TRAINED, {"settings": prepared.settings, "effort": prepared.effort})
    checkpoint.remove(folder)  # not before: a kill in between must not cost the training
    bench.enough_file.unlink(missing_ok=True)
    bench.local().model.load_adapter(folder)
    return prepared


def encoded(bench: Workbench, pairs: Sequence[Preference]) -> dict[str, Pair]:
    """Pairs by id that the model's context can hold, both sides of each."""
    local = bench.local()
    rows = {
        one.id: local.encode_pair(render(bench.spec, one.question), one.chosen, one.rejected)
        for one in pairs
    }
    room = local.context_length
    return {
        name: row
        for name, row in rows.items()
        if len(row.prompt) + max(len(row.chosen), len(row.rejected)) <= room
    }


class _Aligning:
    """One alignment."""

    def __init__(
        self, bench: Workbench, start: Path, lessons: PairLessons, tuned: Preparation
    ) -> None:
        given = bench.preference
        self.bench, self.start, self.lessons, self.tuned = bench, start, lessons, tuned
        self.folder = adapter_folder(bench.folder, bench.cell)
        self.beta = given.beta or BETA
        # fine-tuning on few rows takes a higher rate, which is not meant for pairs
        size = bench.local().model.n_parameters
        usual = learning_rates(size, bench.tuning.method)[0]
        tuned_rate = min(usual, float(tuned.settings["learning_rate"]))
        self.rate = given.learning_rate or tuned_rate / gentler(size)
        self.noise = noise_of(len(lessons.dev_lessons))

    def to_the_end(self) -> Preparation:
        """Train, and say what came of it."""
        rows, self.dev = self._referred()
        if not rows or not self.dev:
            raise TuningError(
                "every preference pair to learn from, or to choose by, is too long for the model",
                "shorten the answers, or choose a model with a longer context",
            )
        recipe = Recipe(
            shape=None,  # what the adapter brings along
            learning_rate=self.rate,
            epochs=self.bench.preference.epochs or self.bench.effort.pair_epochs,
            batch_rows=self.bench.tuning.batch_rows or batch_rows(len(rows)),
            evaluations=self.bench.effort.evaluations,
            seed=self.bench.seed,
            **schedule_of(self.bench.tuning),
        )
        objective = Pairs(rows, self.start, self.beta)
        model, watch = self.bench.local().model, watch_of(self.bench, self.rate)
        result = train(model, objective, recipe, self.folder, self._evaluate, watch)
        return self._told(result, recipe, len(rows))

    def _referred(self) -> tuple[list[Pair], list[Pair]]:
        """Pairs with the reference's margins: measured once, before the first step."""
        bench, lessons = self.bench, self.lessons
        train_rows = encoded(bench, lessons.train)
        rows = [*train_rows.values(), *encoded(bench, lessons.dev).values()]
        whose = fingerprint(rows, checkpoint.best_sum(self.start))
        file = self.folder / START
        kept = decode(file.read_bytes(), Start, file) if file.is_file() else None
        if kept is None or kept.whose != whose:
            bench.say("Reading the preference pairs", {})
            model = bench.local().model
            model.load_adapter(self.start)
            kept = Start(whose, tuple(row.reference for row in referred(model, rows)))
            write_json(file, kept)
        known = [
            row._replace(reference=margin) for row, margin in zip(rows, kept.margins, strict=True)
        ]
        return known[: len(train_rows)], known[len(train_rows) :]

    def _evaluate(self) -> Evaluated:
        """Pair accuracy on dev; a state that loses the task's own score is not allowed."""
        bench, lessons = self.bench, self.lessons.dev_lessons
        bench.say("Testing on dev", {})
        answers = answers_only(answer_all(bench, [lesson.asked for lesson in lessons]))
        score = bench.dev_score([lesson.example for lesson in lessons], answers)
        least = self.lessons.least
        allowed = score is None or least is None or score >= least - self.noise
        found = score_pairs(bench.local().model, self.dev, self.beta)
        return Evaluated(found.accuracy, found.loss, noise_of(len(self.dev)), score, allowed)

    def _told(self, result: TrainingResult, recipe: Recipe, n_rows: int) -> Preparation:
        """What was done, with what, and which state was kept for which reason."""
        settings: dict[str, Json] = {
            "started_from": self.start.name,
            **{name: self.tuned.settings[name] for name in SHARED if name in self.tuned.settings},
            "learning_rate": self.rate,
            "beta": self.beta,
            "epochs": round(result.best.epoch, 2),
            "training_pairs": n_rows,
            "batch_rows": recipe.batch_rows,
            "stopped_early": result.stopped_early,
            "kept": kept_words(result),
        }
        if n_rows < len(self.lessons.train):
            settings["pairs_too_long"] = len(self.lessons.train) - n_rows
        settings |= for_lack_of_memory(result, self.bench.device.kind)
        if result.stopped_by_user:
            settings["stopped_by_user"] = f"after step {result.steps} of {result.planned_steps}"
        if result.diverged:
            settings["ended_because"] = result.diverged
        points, best = result.points, result.best
        trial = Trial(self.rate, points, best, result.steps, result.planned_steps, result.seconds)
        answers = len(result.points) * len(self.lessons.dev_lessons)
        answers += int(str(self.tuned.effort.get("dev_answers", 0)))
        return Preparation(
            settings,
            {
                "tried": [trial.told()],
                "judged_by": "pair accuracy",
                "dev_answers": answers,
                "task_score": best.guard,
                **{name: value for name, value in self.tuned.effort.items() if name in SPENT},
            },
        )


def kept_words(result: TrainingResult) -> str:
    """Which state was kept, and why."""
    best, looks = result.best, len(result.points) - 1
    lost = sum(not point.allowed for point in result.points)
    but = (
        f"; {lost} of {looks} looks lost more of the task's own score on dev than chance explains"
        if lost
        else ""
    )
    if best.step == 0:
        return f"the fine-tuned state: no later one was better on the dev pairs{but}"
    return f"after step {best.step} of {result.planned_steps}: best on the dev pairs{but}"
