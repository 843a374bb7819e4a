"""What a held-out set can show, in one sentence: the same in the audit, an estimate and a check."""

from advisor.numbers import count
from harness.showing import Showing

USUAL_RUNGS = 5
"""Of a check, where it is not known which will run."""


def showing_sentence(found: Showing, rungs: int) -> str:
    """The smallest difference that can be shown; empty where nothing is compared.

    Args:
        found: of the held-out set.
        rungs: how many are planned.
    """
    if rungs < 2 or not found.questions:
        return ""
    held_out = count(found.questions, "held-out question")
    if found.groups is not None:
        held_out += f" from {count(found.groups, 'document or group', 'documents or groups')}"
    smallest = found.smallest(rungs)
    which = "the two rungs" if rungs == 2 else f"two of {rungs} rungs"
    if smallest is None:
        what = "questions" if found.groups is None else "documents or groups"
        return (
            f"With {held_out} no difference between {which} can be shown: at least "
            f"{found.needed(rungs)} {what} must differ, all in one direction."
        )
    return (
        f"With {held_out} a difference of about {count(round(100 * smallest), 'point')} between "
        f"{which} would be shown in 4 of 5 such checks; smaller ones may well come "
        "out as too close to call."
    )
