"""What limits the claim of a verdict, and what would change it."""

from advisor.measured import floor_contrast, headline_score, inline, leader, score_of
from advisor.numbers import count, percent, points, points_range, rounded_up
from advisor.recommendation import Recommendation
from harness.experiment import Experiment
from harness.fairness import NO_ANSWER_FAILED
from harness.rungs import title_of

ALLOWED = ", not enough when several rungs are compared at once"
TUNED = ("finetune", "rag_finetune", "preference")


def changes(
    experiment: Experiment, chosen: str, recommendation: Recommendation | None
) -> list[str]:
    """What would change the verdict: more items, a rung not measured, another answer."""
    found = []
    ahead = leader(experiment, chosen)
    for name in sorted(experiment.rungs, key=lambda one: one != ahead):  # the leader first
        contrast = experiment.contrast(name, chosen) if name != chosen else None
        if contrast and contrast.verdict == "inconclusive" and contrast.n_needed is not None:
            found.append(
                f"About {rounded_up(contrast.n_needed):,} held-out questions in all would show "
                f"whether {inline(experiment.rungs[name])} differs from "
                f"{inline(experiment.rungs[chosen])}."
            )
    floor = floor_contrast(experiment, chosen)
    if floor and floor.verdict == "inconclusive" and floor.n_needed is not None:
        claim = "beats" if (floor.difference or 0.0) > 0 else "is really behind"
        found.append(
            f"About {rounded_up(floor.n_needed):,} held-out questions in all would show whether "
            f"{inline(experiment.rungs[chosen])} {claim} doing without a language model."
        )
    for name, reason in experiment.skipped.items():
        found.append(f"{title_of(name)} was not measured: {reason}.")
    if experiment.task.n_documents and chosen in ("prompt", "few_shot", "constrained", "finetune"):
        found.append("Facts that change would: only retrieval follows a changed document.")
    if recommendation is not None:
        found.extend(flip.text for flip in recommendation.would_change_if[:2])
    return found


def cautions(experiment: Experiment, chosen: str) -> list[str]:
    """What to know before acting on it; failures first."""
    task, said = experiment.task, _failures(experiment)
    if task.n_heldout < 30:
        said.append(
            f"With {count(task.n_heldout, 'held-out question')} this is a smoke test: only very "
            "large differences can be seen."
        )
    elif task.n_heldout < 100:
        said.append(
            f"With {task.n_heldout} held-out questions differences below about 25 points are "
            "often invisible."
        )
    _, low, high = headline_score(experiment, chosen)
    scored = experiment.rungs[chosen].scores[task.metric].mean is not None
    if scored and task.target is not None and low < task.target <= high:
        said.append(
            f"Whether it reaches your target of {percent(task.target)} is not settled: it scored "
            f"{score_of(experiment, chosen)}."
        )
    floor = floor_contrast(experiment, chosen)
    if floor is not None and floor.verdict == "inconclusive" and (floor.difference or 0) > 0:
        other = inline(experiment.floors[floor.b])
        said.append(
            f"It is not shown to beat doing without a language model ({other}): "
            f"{points(floor.difference)} points ({points_range(floor.low, floor.high)})"
            f"{ALLOWED if (floor.low or 0) > 0 else ''}."
        )
    if any(len(arm.seeds) == 1 for name, arm in experiment.rungs.items() if name in TUNED):
        said.append(
            "One training run each: another seed could give another result. Three runs each "
            "(seeds = 3) would show how much."
        )
    said.extend(
        f"{line.check}: no. {line.detail}."
        for line in experiment.fairness
        if line.holds is False and line.check != NO_ANSWER_FAILED  # said already
    )
    return said


def _failures(experiment: Experiment) -> list[str]:
    """What failed; said before anything else."""
    said = [
        f"{sum(arm.failures.values())} of {experiment.task.n_heldout * len(arm.seeds)} answers of "
        f"{inline(arm)} failed ({', '.join(arm.failures).replace('_', ' ')}); they "
        "count neither as right nor as wrong."
        for name, arm in experiment.rungs.items()
        if arm.failures
    ]
    return [*said, f"Not finished: {', '.join(experiment.failed)}."] if experiment.failed else said
