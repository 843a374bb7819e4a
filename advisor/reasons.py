"""Why this rung and not another, one plain sentence a rival."""

from advisor.choice import (
    Choice,
    beats_floor,
    floor_not_settled,
    halves_not_beaten,
    misses_target,
)
from advisor.limits import ALLOWED
from advisor.measured import (
    best_scored,
    floor_contrast,
    headline_score,
    inline,
    score_of,
    seems_better,
    within_margin,
)
from advisor.numbers import as_set, in_points, margin_in_points, points_range, rounded_up
from harness.experiment import Contrast, Experiment
from harness.rungs import rungs
from harness.same_prompt import SAME

USABLE = {
    "linear": "Such a classifier is a choice of its own: it learns from the same rows in seconds, "
    "and costs next to nothing to ask.",
}
"""Floors that a team could well put into service, by what they are."""


def reasons_of(experiment: Experiment, choice: Choice, recommended: str) -> list[str]:
    """Which rule chose, one sentence a rival, and why nothing is good enough where that is so."""
    chosen = choice.rung
    reasons = [_why_none(experiment, choice)] if recommended == "none" else []
    reasons += _rule(experiment, choice) if recommended != "none" else []
    for name, arm in experiment.rungs.items():
        contrast = experiment.contrast(name, chosen) if name != chosen else None
        if contrast is None or contrast.difference is None:
            continue
        level = contrast.verdict == "equivalent"
        range_ = within_margin(contrast) if level else points_range(contrast.low, contrast.high)
        against = inline(experiment.rungs[chosen])
        figures = f"{in_points(contrast.difference)} ({range_}) against {against}"
        words = {
            "better": f"{arm.title} was better: {figures}.",
            "worse": f"{arm.title} was worse: {figures}.",
            "equivalent": f"{arm.title} made no difference that matters: {figures}.",
            "inconclusive": _open(experiment, arm.title, contrast, figures),
        }
        same = f"{arm.title} is the same prompt: {SAME}."
        reasons.append(same if contrast.note == SAME else words[contrast.verdict])
    return reasons


def _rule(experiment: Experiment, choice: Choice) -> list[str]:
    """Why this rung is named, where it is not simply the top of the climb."""
    task, rung = experiment.task, inline(experiment.rungs[choice.rung])
    if choice.why == "target":
        low = headline_score(experiment, choice.rung)[1]
        within = f", give or take {_margin(experiment)}"
        others = ", and no cheaper rung is shown to"
        return [
            f"You asked for {as_set(task.target)}{within if low < (task.target or 0) else ''}: "
            f"{rung} reaches that with {score_of(experiment, choice.rung)}"
            f"{others if choice.rung != experiment.scored[0] else ''}."
        ]
    floor = floor_contrast(experiment, choice.rung)
    if choice.why == "floor" and floor is not None:
        below = experiment.scored[: experiment.scored.index(choice.rung)]
        lowest = not any(beats_floor(experiment, name, shown=True) for name in below)
        beat = "shown to beat doing without a language model"
        first = (
            f"{experiment.rungs[choice.rung].title} is the lowest rung that is {beat}"
            if lowest
            else f"Of the rungs {beat}, {rung} is the one the climb ends on"
        )
        return [
            f"{first}: {in_points(floor.difference)} ({points_range(floor.low, floor.high)}) "
            f"against {inline(experiment.floors[floor.b])}."
        ]
    if choice.why == "no worse":
        top = inline(experiment.rungs[choice.top])
        return [
            f"{experiment.rungs[choice.rung].title} is shown to be less than "
            f"{_margin(experiment)} behind {top}, which costs more effort."
        ]
    halves = () if choice.ahead is None else halves_not_beaten(experiment, choice.ahead)
    if halves and choice.ahead is not None:
        names = " and ".join(inline(experiment.rungs[one.b]) for one in halves)
        joins = len(rungs()[choice.ahead].made_of) > 1
        earn = "both halves have to earn their" if joins else "what it adds has to earn its"
        return [
            f"{experiment.rungs[choice.ahead].title} is not shown to be better than "
            f"{names} alone: {earn} place."
        ]
    return []


def _open(experiment: Experiment, title: str, contrast: Contrast, figures: str) -> str:
    """A difference that is not settled: perhaps it is at least shown to be no gain that counts."""
    if contrast.non_superior:
        return f"{title} does not gain {_margin(experiment)} or more: {figures}."
    word = "seems better" if seems_better(contrast) else "is too close to call"
    return f"{title} {word}: {figures}{_more(contrast)}"


def _margin(experiment: Experiment) -> str:
    """The greatest difference that does not matter: 0.03 -> '3 points'."""
    return margin_in_points(experiment.task.margin)


def _more(contrast: Contrast) -> str:
    """The end of a sentence on a difference that is not settled."""
    end = f"{ALLOWED}." if seems_better(contrast) else "."
    if contrast.n_needed is None:
        return end
    more = rounded_up(max(1, contrast.n_needed - contrast.n))
    return f"{end} About {more:,} more questions would settle it."


def _why_none(experiment: Experiment, choice: Choice) -> str:
    chosen, target = choice.rung, experiment.task.target
    if not experiment.scored:
        return "No rung gave an answer that could be scored."
    # a higher rung may have scored more without being shown to be better
    best = best_scored(experiment)
    arm = experiment.rungs[best]
    if misses_target(experiment, chosen):
        start = f"The best rung, {inline(arm)}, reached {score_of(experiment, best)}"
        if misses_target(experiment, best):
            return f"{start}; you asked for {as_set(target)}."
        return f"{start}, which is not shown to be the {as_set(target)} that you asked for."
    floor = floor_contrast(experiment, best)
    assert floor is not None  # the only other way to end here
    other = experiment.floors[floor.b]
    figures = f"{in_points(floor.difference)} ({points_range(floor.low, floor.high)})"
    use = f" {USABLE[floor.b]}" if floor.b in USABLE else ""
    if floor_not_settled(experiment, [best]):
        return (
            f"{arm.title} is not shown to do better than {inline(other)}, which needs no language "
            f"model: {figures}.{use}"
        )
    return (
        f"{arm.title} does no better than doing without a language model: {figures} against "
        f"{inline(other)}.{use}"
    )
