"""Whether the outcome is what the answers had pointed to, and the sentences for it. Pure."""

from typing import Literal

from advisor.measured import inline
from advisor.numbers import in_sentence
from harness.cell import parse_cell
from harness.experiment import Experiment
from harness.rungs import title_of

Agreement = Literal["confirmed", "overturned", "too_close_to_call"]
NOTHING = ("stay", "none")
"""What a questionnaire can advise besides a rung."""


def agreement_of(experiment: Experiment, recommended: str, prior: str) -> Agreement:
    """How the outcome stands to what the answers pointed to."""
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


def without_prior(answered_late: bool) -> str:
    """That there is no prior, and that answers which came later are none."""
    text = (
        "No questionnaire was filled in before this check began, so there is no expectation to "
        "compare with."
    )
    late = " The answers that are there now came after it began and do not count."
    return text + late if answered_late else text


def prior_words(
    experiment: Experiment, recommended: str, prior: str, agreement: Agreement | None
) -> str:
    """What was expected, and what became of it."""
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
