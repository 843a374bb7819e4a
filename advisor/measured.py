"""What was measured, as a verdict's rule and its sentences both need it."""

from advisor.numbers import in_sentence, interval, percent, points_range
from harness.experiment import ArmResult, Contrast, Experiment

TUNED = ("finetune", "rag_finetune", "preference")
"""Rungs that train."""
SMOKE_TEST = 30
"""Held-out questions below which only very large differences can be seen."""


def headline_score(experiment: Experiment, name: str) -> tuple[float, float, float]:
    """(mean, low, high) of the headline metric; what is not known counts as 0, 0, 1."""
    scored = experiment.rungs[name].scores[experiment.task.metric]
    high = 1.0 if scored.high is None else scored.high
    return scored.mean or 0.0, scored.low or 0.0, high


def failed_share(experiment: Experiment, arm: ArmResult) -> float:
    """Share of an arm's answers that failed, over its seeds, 0 to 1: its score is of the others."""
    asked = experiment.task.n_heldout * len(arm.seeds)
    return sum(arm.failures.values()) / asked if asked else 0.0


def fewest_scored(experiment: Experiment) -> int:
    """Questions that the headline rests on; of the rung that has the fewest, where they differ.

    Answers fail, and not every row says what a right answer must contain.
    """
    metric = experiment.task.metric
    of_each = [experiment.rungs[name].scores[metric].n for name in experiment.scored]
    return min(of_each, default=experiment.task.n_heldout)


def floor_contrast(experiment: Experiment, chosen: str) -> Contrast | None:
    """A rung against the best floor; None where no floor was run."""
    return next((c for c in experiment.floor_contrasts if c.a == chosen), None)


def best_scored(experiment: Experiment) -> str:
    """The rung with the highest score, which need not be shown to be better than another.

    Raises:
        ValueError: no rung has a score.
    """
    return max(experiment.scored, key=lambda name: headline_score(experiment, name)[0])


def no_better(contrast: Contrast) -> bool:
    """Whether the first of two is shown not to be ahead by what matters."""
    return contrast.verdict in ("worse", "equivalent") or contrast.non_superior


def within_margin(contrast: Contrast) -> str:
    """The interval that shows a difference not to matter, or not to fall behind: the 90 % one.

    Two one-sided tests at 5 % are an interval of 90 %; the one of 95 % can be wider than the margin
    and would seem to say otherwise. Experiments of before it was kept have that one alone.
    """
    if contrast.low_90 is None or contrast.high_90 is None:
        return points_range(contrast.low, contrast.high)
    return f"90 % interval {points_range(contrast.low_90, contrast.high_90)}"


def score_of(experiment: Experiment, name: str) -> str:
    """The headline score of a rung, floor or ceiling in words: ``71 % (62–79 %)``."""
    arms = {**experiment.ceilings, **experiment.floors, **experiment.rungs}
    scored = arms[name].scores[experiment.task.metric]
    return f"{percent(scored.mean)} ({interval(scored.low, scored.high)})"


def seems_better(contrast: Contrast) -> bool:
    """Ahead by its own interval, and not shown once all comparisons are counted."""
    return contrast.verdict == "inconclusive" and (contrast.low or 0.0) > 0


def inline(arm: ArmResult) -> str:
    """A rung's or floor's title inside a sentence."""
    return in_sentence(arm.title)
