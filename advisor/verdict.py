"""Prior and evidence together: what to do, whether that was expected, how sure it is.

Pure. The rule is the ladder's own: climb only where a higher rung is shown to be better.
"""

from dataclasses import dataclass
from typing import Literal

from advisor.limits import ALLOWED, TUNED, cautions, changes
from advisor.measured import (
    floor_contrast,
    headline_score,
    inline,
    leader,
    score_of,
    seems_better,
)
from advisor.numbers import count, in_sentence, percent, points, points_range, rounded_up
from advisor.recommendation import Recommendation
from harness.cell import parse_cell
from harness.experiment import Contrast, Experiment
from harness.rungs import title_of

Agreement = Literal["confirmed", "overturned", "too_close_to_call"]
NOTHING = ("stay", "none")
"""What a questionnaire can advise besides a rung."""

ADVICE = {
    "prompt": "A good prompt is enough.",
    "few_shot": "Use a prompt with worked examples.",
    "constrained": "Use a prompt with constrained output.",
    "rag": "Use retrieval.",
    "finetune": "Fine-tune.",
    "rag_finetune": "Use retrieval, and fine-tune the model to read it.",
    "preference": "Fine-tune, then align with preferences.",
    "none": "None of these is good enough yet.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and on what grounds. Every text is a plain sentence."""

    recommended: str
    """A rung, or ``none``."""
    prior: str | None
    """Where the answers pointed; None when no questionnaire was filled in."""
    agreement: Agreement | None
    """None without a prior."""
    headline: str
    """Two to five words on what to do."""
    sentence: str
    """The result in figures."""
    prior_sentence: str
    """Whether it was expected."""
    reasons: tuple[str, ...]
    """Why this rung and not another, one sentence a rung."""
    would_change_if: tuple[str, ...]
    cautions: tuple[str, ...]
    """What limits the claim."""


def reconcile(experiment: Experiment, recommendation: Recommendation | None) -> Verdict:
    """The verdict of an experiment.

    Args:
        experiment: at least one rung was measured.
        recommendation: what the answers advised; None when there are none.
    """
    chosen = climb(experiment)
    recommended = "none" if _not_good_enough(experiment, chosen) else chosen
    prior = recommendation.aim if recommendation else None
    agreement = _agreement(experiment, recommended, prior) if prior else None
    return Verdict(
        recommended=recommended,
        prior=prior,
        agreement=agreement,
        headline=_headline(experiment, chosen, recommended),
        sentence=_sentence(experiment, chosen, recommended),
        prior_sentence=_prior_sentence(experiment, recommended, prior, agreement),
        reasons=tuple(_reasons(experiment, chosen, recommended)),
        would_change_if=tuple(changes(experiment, chosen, recommendation)),
        cautions=tuple(cautions(experiment, chosen)),
    )


def climb(experiment: Experiment) -> str:
    """The lowest rung that no higher rung is shown to be better than.

    From the cheapest rung upwards, a step is taken only onto a rung that is ``better`` than where
    one stands: a difference that may be chance is not worth the effort of a higher rung.
    """
    names = list(experiment.rungs)
    standing = names[0]
    for name in names[1:]:
        contrast = experiment.contrast(name, standing)
        if contrast is not None and contrast.verdict == "better":
            standing = name
    return standing


def _not_good_enough(experiment: Experiment, chosen: str) -> bool:
    """Shown to miss the target, or no better than doing without a language model."""
    if _misses_target(experiment, chosen):
        return True
    # where another rung leads, the floor is that one's to beat
    floor = floor_contrast(experiment, leader(experiment, chosen) or chosen)
    if floor is None or floor.difference is None:
        return False
    return floor.verdict in ("worse", "equivalent") or floor.difference <= 0


def _misses_target(experiment: Experiment, chosen: str) -> bool:
    target = experiment.task.target
    return target is not None and headline_score(experiment, chosen)[2] < target


def _agreement(experiment: Experiment, recommended: str, prior: str) -> Agreement:
    if prior in NOTHING:
        return "confirmed" if recommended == "none" else "overturned"
    if prior not in experiment.rungs:
        return "too_close_to_call"
    if recommended == "none":
        return "overturned"
    if prior == recommended:
        rivals = (experiment.contrast(name, prior) for name in experiment.rungs if name != prior)
        margin = experiment.task.margin
        unsettled = any(
            c is not None and c.verdict == "inconclusive" and (c.difference or 0.0) > margin
            for c in rivals
        )
        return "too_close_to_call" if unsettled else "confirmed"
    contrast = experiment.contrast(recommended, prior)
    if contrast is None:
        return "too_close_to_call"
    settled = contrast.verdict in ("better", "equivalent") or contrast.non_inferior
    return "overturned" if settled else "too_close_to_call"


def _headline(experiment: Experiment, chosen: str, recommended: str) -> str:
    # a rung whose file was added later has no sentence of its own
    advice = ADVICE.get(recommended, f"Use {in_sentence(title_of(recommended))}.")
    if recommended == "none" and not _misses_target(experiment, chosen):
        return "None of these beats doing without a language model."
    ahead = leader(experiment, chosen)
    if ahead is not None and recommended != "none":
        return f"Not settled yet: {inline(experiment.rungs[ahead])} leads."
    tuned = any(name in TUNED for name in experiment.rungs)
    if tuned and recommended not in (*TUNED, "none"):
        advice += " Do not fine-tune yet."
    return advice


def _sentence(experiment: Experiment, chosen: str, recommended: str) -> str:
    """The score that counts, and its lead over what it has to be compared with."""
    task = experiment.task
    ahead = None if recommended == "none" else leader(experiment, chosen)
    named = ahead or chosen
    asked = count(task.n_heldout, "held-out question")
    arm = experiment.rungs[named]
    if arm.scores[task.metric].mean is None:
        return f"On {asked} no answer of {inline(arm)} could be scored on {task.metric_title}."
    text = f"On {asked} {inline(arm)} scored {score_of(experiment, named)} on {task.metric_title}"
    floor = floor_contrast(experiment, chosen)
    if recommended == "none" and floor and not _misses_target(experiment, chosen):
        other = inline(experiment.floors[floor.b])
        return f"{text}; {other} scored {score_of(experiment, floor.b)}."
    rival = chosen if ahead else next(iter(experiment.rungs))
    contrast = experiment.contrast(named, rival) if named != rival else None
    if contrast is not None and contrast.difference is not None:
        text += (
            f", {_lead(contrast.difference)} {inline(experiment.rungs[rival])} "
            f"({points_range(contrast.low, contrast.high)})"
        )
    return f"{text}{ALLOWED if ahead else ''}."


def _lead(difference: float) -> str:
    """0.34 -> '34 points more than'; -0.01 -> '1 point less than'."""
    whole = round(difference * 100)
    more = "more" if whole > 0 else "less"
    return f"{count(abs(whole), 'point')} {more} than" if whole else "as much as"


def _prior_sentence(
    experiment: Experiment, recommended: str, prior: str | None, agreement: Agreement | None
) -> str:
    if prior is None:
        return "No questionnaire was filled in, so there is no expectation to compare with."
    titles = {name: inline(arm) for name, arm in experiment.rungs.items()}
    expected = {"stay": "staying where you are", "none": "not doing this"}.get(
        prior, titles.get(prior, in_sentence(title_of(prior)))
    )
    start = f"Your answers pointed to {expected}"
    if agreement == "confirmed":
        return f"{start}; the measurement confirms it."
    if prior not in experiment.rungs and prior not in NOTHING:
        why = experiment.skipped.get(prior) or _failure(experiment, prior)
        return f"{start}, which was not measured: {why}."
    if agreement == "overturned":
        instead = titles.get(recommended, "none of the rungs")
        return f"{start}; the measurement does not: it points to {instead}."
    return f"{start}; the measurement is too close to call."


def _failure(experiment: Experiment, rung: str) -> str:
    """Why a rung that was not skipped has no result."""
    said = [why for cell, why in experiment.failed.items() if parse_cell(cell)[0] == rung]
    return f"it failed ({said[0]})" if said else "it was not part of this check"


def _reasons(experiment: Experiment, chosen: str, recommended: str) -> list[str]:
    """One sentence a rival, and why nothing is good enough where that is so."""
    reasons = []
    if recommended == "none":
        reasons.append(_why_none(experiment, chosen))
    for name, arm in experiment.rungs.items():
        contrast = experiment.contrast(name, chosen) if name != chosen else None
        if contrast is None or contrast.difference is None:
            continue
        figures = (
            f"{points(contrast.difference)} points ({points_range(contrast.low, contrast.high)}) "
            f"against {inline(experiment.rungs[chosen])}"
        )
        words = {
            "better": f"{arm.title} was better: {figures}.",
            "worse": f"{arm.title} was worse: {figures}.",
            "equivalent": f"{arm.title} made no difference that matters: {figures}.",
            "inconclusive": f"{arm.title} {_open(contrast)}: {figures}{_more(contrast)}",
        }
        reasons.append(words[contrast.verdict])
    return reasons


def _open(contrast: Contrast) -> str:
    return "seems better" if seems_better(contrast) else "is too close to call"


def _more(contrast: Contrast) -> str:
    """The end of a sentence on a difference that is not settled."""
    end = f"{ALLOWED}." if seems_better(contrast) else "."
    if contrast.n_needed is None:
        return end
    more = rounded_up(max(1, contrast.n_needed - contrast.n))
    return f"{end} About {more:,} more questions would settle it."


def _why_none(experiment: Experiment, chosen: str) -> str:
    target, arm = experiment.task.target, experiment.rungs[chosen]
    if _misses_target(experiment, chosen):
        # a higher rung may have scored more without being shown to be better
        best = max(experiment.rungs, key=lambda name: headline_score(experiment, name)[0])
        return (
            f"The best rung, {inline(experiment.rungs[best])}, reached "
            f"{score_of(experiment, best)}; you asked for {percent(target)}."
        )
    floor = floor_contrast(experiment, chosen)
    assert floor is not None  # the only other way to end here
    other = experiment.floors[floor.b]
    return (
        f"{arm.title} does no better than doing without a language model: {inline(other)} scored "
        f"{percent(other.scores[experiment.task.metric].mean)}."
    )
