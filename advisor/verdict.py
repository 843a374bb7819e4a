"""Prior and evidence together: what to do, whether that was expected, how sure it is.

Pure. `advisor.choice` has the rule; here it becomes sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.agreement import Agreement, agreement_of, prior_words, without_prior
from advisor.choice import (
    Choice,
    choose,
    floor_not_settled,
    is_enough,
    misses_target,
    not_good_enough,
)
from advisor.economics import RungCost
from advisor.limits import ALLOWED, cautions, changes, dearer
from advisor.measured import (
    TUNED,
    best_scored,
    floor_contrast,
    inline,
    score_of,
    seems_better,
)
from advisor.missing import form_first, missing, untried_form
from advisor.numbers import (
    count,
    in_sentence,
    lead,
    points_range,
)
from advisor.pair_words import pair_caution
from advisor.reasons import reasons_of
from advisor.recommendation import Recommendation
from harness.experiment import Experiment
from harness.rungs import title_of

ADVICE = {
    "prompt": "A good prompt is enough.",
    "few_shot": "Use a prompt with worked examples.",
    "searched_prompt": "Use the prompt that the search ended with.",
    "constrained": "Use a prompt with constrained output.",
    "rag": "Use retrieval.",
    "finetune": "Fine-tune.",
    "rag_finetune": "Use retrieval, and fine-tune the model to read it.",
    "preference": "Fine-tune, then align with preferences.",
    "none": "None of these is good enough yet.",
}
SETTLED = (
    "Nothing that was measured leaves it open. Another model, other rows or other documents would "
    "have to be measured anew."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and on what grounds. Every text is a plain sentence."""

    recommended: str
    """A rung, or ``none``."""
    prior: str | None
    """Where the answers pointed; None when no questionnaire was filled in."""
    agreement: Agreement | None
    """None without a prior, and where the expected rung was not measured and nothing else settles
    it."""
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
    answered_late: bool = False,
    learned: str = "",
) -> Verdict:
    """The verdict of an experiment.

    Args:
        experiment: at least one rung was measured.
        recommendation: what the answers advised; None when there are none.
        spared_s: seconds that rungs which were not run would have taken; None where not known.
        costs: every rung's, at the user's prices; None where no price is given.
        answered_late: there are answers, but they came after the check had begun.
        learned: what the run's learning curve says; empty where there is none.
    """
    choice = choose(experiment)
    chosen = choice.rung
    recommended = "none" if not_good_enough(experiment, choice) else chosen
    prior = recommendation.aim if recommendation else None
    agreement = agreement_of(experiment, choice, recommended, prior) if prior else None
    return Verdict(
        recommended=recommended,
        prior=prior,
        agreement=agreement,
        headline=_headline(experiment, choice, recommended),
        sentence=_sentence(experiment, choice, recommended),
        prior_sentence=(
            prior_words(experiment, choice, recommended, recommendation, agreement)
            if recommendation
            else without_prior(answered_late)
        ),
        reasons=tuple(reasons_of(experiment, choice, recommended)),
        # another answer to the questionnaire would move what was expected, not what was measured
        would_change_if=(
            *missing(experiment, choice, learned),
            *changes(experiment, choice, spared_s),
        )
        or ((SETTLED,) if experiment.scored else ()),
        cautions=(
            *form_first(experiment),
            *cautions(experiment, choice),
            *pair_caution(experiment),
            *(dearer(experiment, choice, costs or {}) if recommended != "none" else ()),
        ),
    )


def _headline(experiment: Experiment, choice: Choice, recommended: str) -> str:
    # a rung whose file was added later has no sentence of its own
    advice = ADVICE.get(recommended, f"Use {in_sentence(title_of(recommended))}.")
    if not experiment.scored:
        return "Nothing could be scored."
    if recommended == "none" and not misses_target(experiment, choice.rung):
        open_floor = floor_not_settled(experiment, experiment.scored)
        beats = "is shown to beat" if open_floor else "beats"
        return f"None of these {beats} doing without a language model."
    if recommended == "prompt" and not is_enough(experiment, choice):
        advice = "Start with a good prompt."
    if choice.ahead is not None and recommended != "none":
        return f"Not settled yet: {inline(experiment.rungs[choice.ahead])} leads."
    tuned = any(name in TUNED for name in (*experiment.rungs, *experiment.not_run))
    if tuned and recommended not in (*TUNED, "none"):
        advice += " Do not fine-tune yet."
    if recommended in TUNED and untried_form(experiment):
        advice += " Try constrained output first."
    return advice


def _sentence(experiment: Experiment, choice: Choice, recommended: str) -> str:
    """The score that counts, and its lead over what it has to be compared with."""
    task, chosen = experiment.task, choice.rung
    ahead = None if recommended == "none" else choice.ahead
    asked = count(task.n_heldout, "held-out question")
    if not experiment.scored:
        return f"On {asked} no answer of any rung could be scored."
    named = best_scored(experiment) if recommended == "none" else ahead or chosen
    arm = experiment.rungs[named]
    n = arm.scores[task.metric].n
    asked = asked if n == task.n_heldout else f"{n:,} of {asked}"
    text = f"On {asked} {inline(arm)} scored {score_of(experiment, named)} on {task.metric_title}"
    floor = floor_contrast(experiment, named)
    if recommended == "none" and floor and not misses_target(experiment, chosen):
        other = inline(experiment.floors[floor.b])
        return f"{text}; {other} scored {score_of(experiment, floor.b)}."
    rival = chosen if ahead else choice.below or experiment.scored[0]
    contrast = experiment.contrast(named, rival) if named != rival else None
    if contrast is not None and contrast.difference is not None:
        text += (
            f", {lead(contrast.difference)} {inline(experiment.rungs[rival])} "
            f"({points_range(contrast.low, contrast.high)})"
        )
    doubtful = contrast is not None and seems_better(contrast)
    return f"{text}{ALLOWED if doubtful else ''}."
