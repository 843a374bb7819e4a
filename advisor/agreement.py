"""Whether the outcome is what the answers had pointed to, and the sentences for it. Pure."""

from typing import Literal

from advisor.choice import (
    Choice,
    beats_floor,
    floor_not_settled,
    misses_target,
    not_good_enough,
)
from advisor.measured import (
    SMOKE_TEST,
    fewest_scored,
    floor_contrast,
    headline_score,
    inline,
    no_better,
    score_of,
    within_margin,
)
from advisor.numbers import as_set, in_points, in_sentence, lead, margin_in_points, points_range
from advisor.questionnaire import in_words
from advisor.recommendation import Recommendation
from harness.cell import parse_cell
from harness.experiment import Contrast, Experiment
from harness.rungs import rungs, title_of

Agreement = Literal["confirmed", "overturned", "too_close_to_call"]
NOTHING = ("stay", "none")
"""What a questionnaire can advise besides a rung."""
NAMED = 2
"""Answers that are named of those that pointed there most."""


def agreement_of(
    experiment: Experiment, choice: Choice, recommended: str, prior: str
) -> Agreement | None:
    """How the outcome stands to what the answers pointed to.

    Returns:
        None where that was not measured and nothing else tells. Of very few questions nothing is
        confirmed, clear as all may come out.
    """
    found = _agreement(experiment, choice, recommended, prior)
    few = fewest_scored(experiment) < SMOKE_TEST
    return "too_close_to_call" if few and found == "confirmed" else found


def _agreement(
    experiment: Experiment, choice: Choice, recommended: str, prior: str
) -> Agreement | None:
    """The same, of however many questions."""
    if not experiment.scored:
        return "too_close_to_call"
    if recommended != "none" and choice.ahead is not None:
        # another rung leads, which is not settled yet
        return "too_close_to_call" if prior in (*NOTHING, *experiment.scored) else None
    if recommended == "none":
        return _where_none(experiment, prior)
    if prior in NOTHING:
        settled = beats_floor(experiment, recommended, shown=True) is not False
        return "overturned" if settled else "too_close_to_call"
    if choice.why == "target":
        return _by_target(experiment, recommended, prior)
    if prior not in experiment.scored:
        return None
    if prior == recommended:
        rivals = [experiment.contrast(name, prior) for name in experiment.scored if name != prior]
        shown = rivals and all(one is not None and no_better(one) for one in rivals)
        return "confirmed" if shown else "too_close_to_call"
    contrast = experiment.contrast(recommended, prior)
    if contrast is None:
        return "too_close_to_call"
    no_worse = contrast.verdict == "equivalent" or contrast.non_inferior
    settled = contrast.verdict == "better" or (no_worse and _cheaper(recommended, prior))
    return "overturned" if settled else "too_close_to_call"


def _where_none(experiment: Experiment, prior: str) -> Agreement | None:
    """The same where no rung is good enough."""
    if prior in NOTHING:
        # another rung than the chosen one may yet reach the target, or beat the floor
        fall_short = all(_falls_short(experiment, name) for name in experiment.scored)
        return "confirmed" if fall_short else "too_close_to_call"
    if prior not in experiment.scored:
        return None
    return "overturned" if _falls_short(experiment, prior) else "too_close_to_call"


def _falls_short(experiment: Experiment, rung: str) -> bool:
    """Whether a rung with a score is itself shown to be not good enough, where none is advised."""
    if not not_good_enough(experiment, Choice(rung, "climb", rung, None)):
        return False
    return misses_target(experiment, rung) or not floor_not_settled(experiment, [rung])


def _by_target(experiment: Experiment, recommended: str, prior: str) -> Agreement | None:
    """The same where the lowest rung that is good enough was asked for: a dearer one is not."""
    if _cheaper(recommended, prior):
        return "overturned"
    if prior == recommended:
        below = [name for name in experiment.scored if _cheaper(name, prior)]
        target = experiment.task.target or 0.0
        as_good = any(headline_score(experiment, name)[0] >= target for name in below)
        return "too_close_to_call" if as_good else "confirmed"
    contrast = experiment.contrast(recommended, prior)
    if prior not in experiment.scored or contrast is None:
        return None
    fails = misses_target(experiment, prior) or contrast.verdict == "better"
    return "overturned" if fails else "too_close_to_call"


def _cheaper(one: str, other: str) -> bool:
    """Whether a rung takes less effort than another."""
    ladder = list(rungs())
    return ladder.index(one) < ladder.index(other)


def without_prior(answered_late: bool) -> str:
    """That there is no prior, and that answers which came later are none."""
    text = (
        "No questionnaire was filled in before this check began, so there is no expectation to "
        "compare with."
    )
    late = " The answers that are there now came after it began and do not count."
    return text + late if answered_late else text


def prior_words(
    experiment: Experiment,
    choice: Choice,
    recommended: str,
    advised: Recommendation,
    agreement: Agreement | None,
) -> str:
    """What was expected, what became of it, by which number and against which answers."""
    prior = advised.aim
    titles = {name: inline(arm) for name, arm in experiment.rungs.items()}
    expected = {"stay": "staying where you are", "none": "not doing this"}.get(
        prior, titles.get(prior, in_sentence(title_of(prior)))
    )
    start = f"Your answers pointed to {expected}"
    if agreement == "confirmed":
        return f"{start}; the measurement confirms it."
    if not experiment.scored:
        return f"{start}; nothing could be scored, so nothing speaks for it or against it."
    if agreement == "overturned":
        instead = titles.get(recommended, "none of the rungs")
        start += f"; the measurement does not: it points to {instead}"
        if recommended == "none":
            return f"{start}. {_short_of(experiment, prior)}{_pointed(advised)}"
        return f"{start}, which {_won_by(experiment, choice, prior)}{_pointed(advised)}"
    if prior not in experiment.scored and prior not in NOTHING:
        why = experiment.skipped.get(prior) or _failure(experiment, prior)
        return f"{start}, which was not measured: {why}."
    if prior == recommended:
        return f"{start}; the measurement does not contradict that, but is too close to confirm it."
    return f"{start}; the measurement is too close to call."


def _short_of(experiment: Experiment, rung: str) -> str:
    """By which figures a rung is not good enough."""
    arm, floor = experiment.rungs[rung], floor_contrast(experiment, rung)
    if floor is not None and not misses_target(experiment, rung):
        return f"{arm.title} {_over_floor(experiment, floor)}."
    asked = as_set(experiment.task.target)
    return f"{arm.title} scored {score_of(experiment, rung)}, and you asked for {asked}."


def _won_by(experiment: Experiment, choice: Choice, prior: str) -> str:
    """By which figures the advised rung stands where the expected one was seen."""
    scored, floor = score_of(experiment, choice.rung), floor_contrast(experiment, choice.rung)
    reached = f"scored {scored} where you asked for {as_set(experiment.task.target)}."
    if prior in NOTHING:
        if choice.why == "target":
            return reached
        if floor is None or floor.difference is None:
            return f"scored {scored}."
        return f"{_over_floor(experiment, floor)}."
    less = "costs less effort and " if _cheaper(choice.rung, prior) else ""
    if choice.why == "target" and less:
        return less + reached
    contrast = experiment.contrast(choice.rung, prior)
    assert contrast is not None  # or nothing is overturned
    if choice.why == "target" and contrast.verdict != "better":
        return f"{reached} {_short_of(experiment, prior)}"
    return ("" if contrast.verdict == "better" else less) + _compared(experiment, contrast)


def _compared(experiment: Experiment, contrast: Contrast) -> str:
    """One rung against another, as the end of a sentence about the first."""
    better = contrast.verdict == "better"
    other = inline(experiment.rungs[contrast.b])
    figures = points_range(contrast.low, contrast.high) if better else within_margin(contrast)
    if contrast.verdict in ("better", "equivalent"):
        end = ": no difference that matters." if contrast.verdict == "equivalent" else "."
        return f"scored {lead(contrast.difference or 0.0)} {other} ({figures}){end}"
    return (
        f"is shown to be less than {margin_in_points(experiment.task.margin)} behind {other}: "
        f"{in_points(contrast.difference)} ({figures})."
    )


def _over_floor(experiment: Experiment, floor: Contrast) -> str:
    """A rung against the best floor, as the end of a sentence about the rung."""
    other, figures = inline(experiment.floors[floor.b]), points_range(floor.low, floor.high)
    ahead = lead(floor.difference or 0.0)
    return f"scored {ahead} {other} ({figures}), which needs no language model"


def _pointed(advised: Recommendation) -> str:
    """The answers that had spoken most for what was expected."""
    spoke = [one for one in advised.reasons if one.rung == advised.aim and one.effect > 0]
    most = [one for one in spoke if one.effect == max(one.effect for one in spoke)][:NAMED]
    if not most:
        return ""
    named = [in_words(one.question, one.answer) for one in most]
    these = "This answer" if len(named) == 1 else "These answers"
    said = "; ".join(f"“{asked}” “{answer}”" for asked, answer in named)
    return f" {these} had pointed there most: {said}."


def _failure(experiment: Experiment, rung: str) -> str:
    """Why a rung that was not skipped has no result."""
    if rung in experiment.rungs:
        return "none of its answers could be scored"
    if rung in experiment.not_run:
        return experiment.not_run[rung]
    said = [why for cell, why in experiment.failed.items() if parse_cell(cell)[0] == rung]
    return f"it failed ({said[0]})" if said else "it was not part of this check"
