"""What the user decides about a check, and what can be wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.context import context_of
from harness.effort import effort
from harness.errors import Problem, UserError, problems_of
from harness.generators.endpoint import PREFIX
from harness.given import ALWAYS, NOTHING, Given
from harness.metrics import metric, metrics
from harness.models import EMBEDDED, PLACES, Role, locate, resolve
from harness.rungs import rung_type, rungs
from harness.types import Kind
from harness.work import TIMED
from rag.rerank import RerankerError, refuse_unusable
from tuning.four_bits import FIX, lacking
from tuning.recipe import USUAL, USUAL_PREFERENCE, PreferenceSettings, TuningSettings


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the user decides about a check."""

    rungs: tuple[str, ...]
    seeds: int = 1
    effort: str = "normal"
    margin: float = 0.03
    target: float | None = None
    climb: bool = False
    """Stop at the first rung that reaches the target."""
    generator: str = "smollm2-135m-instruct"
    revision: str = ""
    embedder: str = "all-minilm-l6-v2"
    tuning: TuningSettings = USUAL
    preference: PreferenceSettings = USUAL_PREFERENCE
    given: Given = NOTHING
    timed: int = TIMED
    """Held-out questions that each rung answers one by one, to time them."""


def settings_problems(
    project: Path, settings: CheckSettings, metric: str, kind: Kind | None
) -> list[Problem]:
    """What is wrong with the settings of a check: rungs, seeds, effort, metric, models.

    Args:
        project: folder that a model's path may be relative to.
        settings: to look at.
        metric: the headline's name; empty takes the default of the kind.
        kind: of task; None where it is not known.
    """
    attempts: list[Callable[[], object]] = [partial(rung_type, name) for name in settings.rungs]
    attempts += [lambda: effort(settings.effort), lambda: _check_metric(metric, kind)]
    attempts += [partial(_check_model, project, *wanted) for wanted in models_of(settings)]
    problems = problems_of(attempts)
    if not settings.rungs:
        fix = f"choose from {', '.join(rungs())}"
        problems.append(Problem("no rung is chosen", fix, "[check] rungs"))
    if settings.target is not None and not 0 <= settings.target <= 1:
        fix = "for 80 % write target = 0.80"
        said = "target must be a share from 0 to 1"
        problems.append(Problem(said, fix, "[check] target"))
    if settings.climb and settings.target is None:
        fix = "say which share of right answers is good enough: target = 0.80, or --target 0.80"
        problems.append(Problem("climbing needs a target to stop at", fix, "[check] target"))
    if settings.given.decoding.constrained == ALWAYS and settings.generator.startswith(PREFIX):
        said = "an endpoint's answers cannot be held to the allowed ones"
        fix = "choose a model on this machine, or remove constrained"
        problems.append(Problem(said, fix, "[decoding] constrained"))
    problems += _too_long_answers(project, settings)
    if settings.tuning.method == "qlora" and (reason := lacking()):
        problems.append(Problem(reason, FIX, "[tuning] method"))
    if settings.seeds < 1:
        problems.append(Problem("at least one seed is needed", "write seeds = 1", "[check] seeds"))
    return problems


def _too_long_answers(project: Path, settings: CheckSettings) -> list[Problem]:
    """What the user allows an answer, where no question would have room beside it."""
    wanted = settings.given.decoding.answer_tokens
    if not wanted or settings.generator.startswith(PREFIX):  # how many that takes is not known
        return []
    most = context_of(settings.generator, project, settings.revision)
    if most is None or wanted < most:
        return []
    said = f"the model takes {most:,} tokens, and answer_tokens = {wanted} leaves none to ask with"
    return [Problem(said, f"write answer_tokens = {most // 2}", "[decoding] answer_tokens")]


def models_of(settings: CheckSettings) -> list[tuple[str, Role, str]]:
    """Name, role and revision of each model that must be on this machine."""
    wanted: list[tuple[str, Role, str]] = [
        (settings.generator, "generator", settings.revision),
        (settings.embedder, "embedder", ""),
    ]
    look = settings.given.retrieval
    if look.reranker:
        wanted.append((look.reranker, "reranker", look.reranker_revision))
    return [model for model in wanted if not model[0].startswith(PREFIX)]


def _check_model(project: Path, name: str, role: Role, revision: str) -> None:
    # an embedded model that is installed has yet to be unpacked, which is not done for a look
    if name in EMBEDDED and EMBEDDED[name].role == role and locate(name):
        return
    found = resolve(name, role, project, revision=revision)
    if role == "reranker":
        try:
            refuse_unusable(found.folder)
        except RerankerError as error:
            raise UserError(Problem(error.reason, error.fix, PLACES[role])) from error


def _check_metric(name: str, kind: Kind | None) -> None:
    chosen = metric(name) if name else None
    if chosen and kind and kind not in chosen.kinds:
        fitting = ", ".join(m.name for m in metrics().values() if kind in m.kinds)
        raise UserError(
            Problem(
                f"{chosen.name} does not fit a task of kind {kind}",
                f"choose one of {fitting}",
                "[task] metric",
            )
        )
