"""What is missing where nothing is good enough, by what was measured; nothing is guessed. Pure."""

from collections.abc import Iterator
from typing import cast

from advisor.choice import Choice, not_good_enough
from advisor.diagnosis import costliest
from advisor.diagnosis_words import NO_CAUSE, about_form
from advisor.measured import TUNED, best_scored, floor_contrast, headline_score, inline, score_of
from advisor.numbers import as_set, count, in_sentence
from harness.cell import parse_cell
from harness.closed_answers import CLOSED
from harness.experiment import Experiment
from harness.rungs import rungs, rungs_for, title_of
from harness.types import Kind

KNOWN = 0.9
"""Share of answerable questions whose passage is known, from which the ceiling speaks for all."""
HELD = "constrained"
"""The rung that can write allowed answers only."""


def missing(experiment: Experiment, choice: Choice, learned: str = "") -> list[str]:
    """What would make a rung good enough; empty where one is, or where nothing was scored.

    Args:
        experiment: as it was measured.
        choice: its rung is the one that nothing is recommended instead of.
        learned: what the run's learning curve says; empty where there is none.
    """
    if not experiment.scored or not not_good_enough(experiment, choice):
        return []
    return [
        *_documents(experiment),
        *_score(experiment),
        *_mistakes(experiment),
        *_reader(experiment),
        *_rows(experiment, learned),
        *_untried(experiment),
    ]


def untried_form(experiment: Experiment) -> bool:
    """Whether the prompt loses most by its form, and what would mend that was not measured."""
    failed = [parse_cell(cell)[0] for cell in experiment.failed]
    known = (*experiment.rungs, *experiment.skipped, *experiment.not_run, *failed)
    if experiment.task.kind not in CLOSED or HELD in known:
        return False
    prompt = experiment.diagnostics.rungs.get("prompt")
    return prompt is not None and any(loss.cause == "form" for loss in prompt.losses[:1])


def form_first(experiment: Experiment) -> list[str]:
    """That output held to the form comes before any training, where nobody has tried it."""
    if not untried_form(experiment):
        return []
    return [
        f"Before any training try {in_sentence(title_of(HELD))}, which was not measured: most of "
        f"what prompt lost, it lost by its form. {about_form(experiment, 'prompt')}"
    ]


def _documents(experiment: Experiment) -> Iterator[str]:
    if experiment.task.kind == "answer" and not experiment.task.n_documents:
        yield (
            "Documents that hold the answers would: without them a model answers from memory, and "
            "neither worked examples nor training bring in facts it does not know."
        )


def _score(experiment: Experiment) -> Iterator[str]:
    """That the target is out of reach for anything at all."""
    task = experiment.task
    right = experiment.right_answers.get(task.metric)
    if task.target is not None and right is not None and (right.high or 1.0) < task.target:
        yield (
            f"Another score or another target would: the right answers themselves do not reach "
            f"{as_set(task.target)} on {task.metric_title}."
        )


def _mistakes(experiment: Experiment) -> Iterator[str]:
    """What costs the rung that came nearest most, and whether mending it can be enough."""
    task, found = experiment.task, experiment.diagnostics
    nearest = best_scored(experiment)
    most = costliest(experiment, nearest) if nearest in found.rungs else None
    if most is None or NO_CAUSE in most.text:
        return
    rung = inline(experiment.rungs[nearest])
    if found.metric != task.metric:
        yield f"Mending {most.what} could: {rung} lost most by it. {most.text}"
        return
    costs, short = round(100 * most.lost), round(100 * _short_by(experiment, nearest))
    lost = f"{rung} lost {count(costs, 'point')} by it"
    if costs >= short:
        yield f"Mending {most.what} could: {lost}. {most.text}"
    else:
        yield (
            f"Mending {most.what} would not be enough alone: {lost} and {short} are missing. "
            f"{most.text}"
        )


def _short_by(experiment: Experiment, rung: str) -> float:
    """How far a rung's score lies below the target, or below the best floor, as a share."""
    scored, target = headline_score(experiment, rung)[0], experiment.task.target
    if target is not None and scored < target:
        return target - scored
    floor = floor_contrast(experiment, rung)
    return -(floor.difference or 0.0) if floor else 0.0


def _reader(experiment: Experiment) -> Iterator[str]:
    """That no search can be good enough for this model."""
    target, oracle = experiment.task.target, experiment.ceilings.get("oracle")
    best = oracle.scores[experiment.task.metric] if oracle else None
    if target is None or best is None or best.high is None or best.high >= target:
        return
    reads = experiment.diagnostics.rungs.get("rag")
    given = reads.handed.given.n if reads and reads.handed else 0
    answerable = experiment.task.n_heldout - experiment.task.n_unanswerable
    if given < KNOWN * answerable:  # of the others the ceiling holds what was found anyway
        return
    yield (
        "A better search alone would not: with the right passage in hand the same model scored "
        f"{score_of(experiment, 'oracle')}, so what reads has to be better."
    )


def _untried(experiment: Experiment) -> Iterator[str]:
    """Rungs that this task can take and this check left out."""
    task = experiment.task
    failed = [parse_cell(cell)[0] for cell in experiment.failed]
    known = {*experiment.rungs, *experiment.skipped, *experiment.not_run, *failed}
    lacking = set() if task.n_documents else {"documents"}
    if any(arm.path == "endpoint" for arm in experiment.rungs.values()):
        lacking |= {"weights", "decoder"}
    left = [
        name
        for name in rungs_for(cast("Kind", task.kind))
        if name not in known and not rungs()[name].needs & lacking
    ]
    if left:
        names = ", ".join(in_sentence(title_of(name)) for name in left)
        them = "it" if len(left) == 1 else "them"
        yield f"Not tried in this check: {names}. A check with {them} would tell."


def _rows(experiment: Experiment, learned: str) -> Iterator[str]:
    """Whether more training rows would help: as measured, or how to measure it."""
    if learned:
        yield learned
    elif any(name in TUNED for name in experiment.scored):
        yield (
            "Whether more training rows would help is not known yet: run the learning curve to "
            "find out."
        )
