"""Prior and evidence together: what to do, whether that was expected, how sure it is.

Pure. `advisor.choice` has the rule; here it becomes sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from advisor.choice import Choice, choose, floor_not_settled, misses_target, not_good_enough
from advisor.economics import RungCost
from advisor.limits import ALLOWED, cautions, changes, dearer
from advisor.measured import (
    TUNED,
    floor_contrast,
    inline,
    score_of,
    seems_better,
)
from advisor.numbers import (
    count,
    in_sentence,
    points_range,
)
from advisor.pair_words import pair_caution
from advisor.reasons import reasons_of
from advisor.recommendation import Recommendation
from harness.cell import parse_cell
from harness.experiment import Experiment
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


def reconcile(
    experiment: Experiment,
    recommendation: Recommendation | None,
    *,
    spared_s: float | None = None,
    costs: Mapping[str, RungCost] | None = None,
) -> Verdict:
    """The verdict of an experiment.

    Args:
        experiment: at least one rung was measured.
        recommendation: what the answers advised; None when there are none.
        spared_s: seconds that rungs which were not run would have taken; None where not known.
        costs: every rung's, at the user's prices; None where no price is given.
    """
    choice = choose(experiment)
    chosen = choice.rung
    recommended = "none" if not_good_enough(experiment, choice) else chosen
    prior = recommendation.aim if recommendation else None
    open_floor = recommended == "none" and not misses_target(experiment, chosen)
    open_floor = open_floor and floor_not_settled(experiment, choice)
    agreement = _agreement(experiment, recommended, prior) if prior else None
    if agreement is not None and open_floor:
        agreement = "too_close_to_call"
    return Verdict(
        recommended=recommended,
        prior=prior,
        agreement=agreement,
        headline=_headline(experiment, choice, recommended),
        sentence=_sentence(experiment, choice, recommended),
        prior_sentence=_prior_sentence(experiment, recommended, prior, agreement),
        reasons=tuple(reasons_of(experiment, choice, recommended)),
        would_change_if=tuple(changes(experiment, choice, recommendation, spared_s)),
        cautions=(
            *cautions(experiment, choice),
            *pair_caution(experiment),
            *dearer(experiment, choice, costs or {}),
        ),
    )


def _agreement(experiment: Experiment, recommended: str, prior: str) -> Agreement:
    if not experiment.scored:
        return "too_close_to_call"
    if prior in NOTHING:
        return "confirmed" if recommended == "none" else "overturned"
    if prior not in experiment.scored:
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


def _headline(experiment: Experiment, choice: Choice, recommended: str) -> str:
    # a rung whose file was added later has no sentence of its own
    advice = ADVICE.get(recommended, f"Use {in_sentence(title_of(recommended))}.")
    if not experiment.scored:
        return "Nothing could be scored."
    if recommended == "none" and not misses_target(experiment, choice.rung):
        beats = "is shown to beat" if floor_not_settled(experiment, choice) else "beats"
        return f"None of these {beats} doing without a language model."
    if choice.ahead is not None and recommended != "none":
        return f"Not settled yet: {inline(experiment.rungs[choice.ahead])} leads."
    tuned = any(name in TUNED for name in (*experiment.rungs, *experiment.not_run))
    if tuned and recommended not in (*TUNED, "none"):
        advice += " Do not fine-tune yet."
    return advice


def _sentence(experiment: Experiment, choice: Choice, recommended: str) -> str:
    """The score that counts, and its lead over what it has to be compared with."""
    task, chosen = experiment.task, choice.rung
    ahead = None if recommended == "none" else choice.ahead
    named = ahead or chosen
    asked = count(task.n_heldout, "held-out question")
    if not experiment.scored:
        return f"On {asked} no answer of any rung could be scored."
    arm = experiment.rungs[named]
    text = f"On {asked} {inline(arm)} scored {score_of(experiment, named)} on {task.metric_title}"
    floor = floor_contrast(experiment, chosen)
    if recommended == "none" and floor and not misses_target(experiment, chosen):
        other = inline(experiment.floors[floor.b])
        return f"{text}; {other} scored {score_of(experiment, floor.b)}."
    rival = chosen if ahead else experiment.scored[0]
    contrast = experiment.contrast(named, rival) if named != rival else None
    if contrast is not None and contrast.difference is not None:
        text += (
            f", {_lead(contrast.difference)} {inline(experiment.rungs[rival])} "
            f"({points_range(contrast.low, contrast.high)})"
        )
    doubtful = contrast is not None and ahead is not None and seems_better(contrast)
    return f"{text}{ALLOWED if doubtful else ''}."


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
    if not experiment.scored:
        return f"{start}; nothing could be scored, so nothing speaks for it or against it."
    if prior not in experiment.scored and prior not in NOTHING:
        why = experiment.skipped.get(prior) or _failure(experiment, prior)
        return f"{start}, which was not measured: {why}."
    if agreement == "overturned":
        instead = titles.get(recommended, "none of the rungs")
        return f"{start}; the measurement does not: it points to {instead}."
    return f"{start}; the measurement is too close to call."


def _failure(experiment: Experiment, rung: str) -> str:
    """Why a rung that was not skipped has no result."""
    if rung in experiment.rungs:
        return "none of its answers could be scored"
    if rung in experiment.not_run:
        return experiment.not_run[rung]
    said = [why for cell, why in experiment.failed.items() if parse_cell(cell)[0] == rung]
    return f"it failed ({said[0]})" if said else "it was not part of this check"
