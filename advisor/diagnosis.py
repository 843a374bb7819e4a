"""Why each rung fails, in plain sentences. Pure: figures come from the harness, words from here."""

from collections.abc import Iterator
from typing import NamedTuple

from advisor.diagnosis_words import (
    about_abstention,
    about_content,
    about_form,
    about_retrieval,
    further,
)
from advisor.measured import inline
from harness.experiment import Experiment


class Reason(NamedTuple):
    """Why a rung fails."""

    lost: float
    """Of its score, for all that is wrong in this way."""
    what: str
    """What would have to be mended: 'the form of answers'."""
    text: str
    """What stands out of it, as a sentence."""


def conclusion(experiment: Experiment, rung: str) -> str:
    """The one line on why a rung fails: the reason that costs it most."""
    return reasons(experiment, rung)[0]


def reasons(experiment: Experiment, rung: str) -> tuple[str, ...]:
    """Why a rung fails, the reason that costs it most first.

    A reason that costs no more than the margin is left out, unless no other costs more.
    """
    one = experiment.diagnostics.rungs[rung]
    if one.score.mean is None:
        arm = inline(experiment.rungs[rung])
        return (f"No answer of {arm} could be scored, so there is nothing to learn from it.",)
    if not one.losses:
        return ("Nothing to mend: every scored answer was right.",)
    found = sorted(_weighed(experiment, rung), key=lambda one: -one.lost)
    told = [one.text for one in found if one.lost > experiment.task.margin]
    return tuple(told or [found[0].text])


def costliest(experiment: Experiment, rung: str) -> Reason | None:
    """The reason that costs a rung most; None where none is known."""
    return max(_weighed(experiment, rung), key=lambda one: one.lost, default=None)


def besides(experiment: Experiment, rung: str) -> tuple[str, ...]:
    """The lesser reasons why a rung fails, and what else is worth knowing of it."""
    return (*reasons(experiment, rung)[1:], *further(experiment, rung))


def _weighed(experiment: Experiment, rung: str) -> Iterator[Reason]:
    """Each reason with the score that was lost for it."""
    one = experiment.diagnostics.rungs[rung]
    lost = {loss.cause: loss.share.mean or 0.0 for loss in one.losses}
    reading = sum(lost.get(cause, 0.0) for cause in ("not_found", "refused", "not_used"))
    if one.retrieval is not None and reading:
        yield Reason(reading, "how passages are found and read", about_retrieval(experiment, rung))
    if "form" in lost:
        yield Reason(lost["form"], "the form of answers", about_form(experiment, rung))
    for cause in ("refused", "answered_anyway"):
        if cause in lost:
            text = about_abstention(experiment, rung, cause)
            yield Reason(lost[cause], "when it says that it does not know", text)
    if "wrong_content" in lost:
        text = about_content(experiment, rung)
        yield Reason(lost["wrong_content"], "the content of answers", text)


def telling(experiment: Experiment, standing: str, most: int = 10) -> tuple[str, ...]:
    """Ids of the questions to look at first.

    Up to half of them are questions that the advised rung gets wrong and another right; the rest
    are those on which the rungs' scores lie farthest apart.

    Args:
        experiment: with its diagnosis.
        standing: the advised rung, or the one that came nearest.
        most: how many.
    """
    found = experiment.diagnostics
    lost = found.rungs[standing].missed.ids if standing in found.rungs else ()
    ordered = [*lost[: most // 2], *found.disagreed, *lost[most // 2 :]]
    return tuple(dict.fromkeys(ordered))[:most]
