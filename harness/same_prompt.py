"""A searched prompt that is the plain one: what differs between the two rungs is nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.decoding import FREE
from harness.experiment import ArmResult, Contrast
from harness.instructions import PLAIN

SAME = "the search ended with the plain prompt"
"""Note of a contrast between one prompt and itself."""
PAIR = ("searched_prompt", "prompt")


def as_one(contrasts: Iterable[Contrast], arms: Mapping[str, ArmResult]) -> tuple[Contrast, ...]:
    """Contrasts as they are, but for that of a prompt with itself.

    No sample has to show that they are equal, and no number of questions would tell them apart: an
    interval from chance alone, or "2,000 questions would settle it", would be wrong there.
    """
    if not _is_plain(arms.get(PAIR[0])):
        return tuple(contrasts)
    return tuple(
        replace(
            one,
            low=0.0,
            high=0.0,
            low_90=0.0,
            high_90=0.0,
            verdict="equivalent",
            non_inferior=True,
            non_superior=True,
            n_needed=None,
            note=SAME,
        )
        if (one.a, one.b) == PAIR and one.difference == 0
        else one
        for one in contrasts
    )


def _is_plain(arm: ArmResult | None) -> bool:
    """Whether a search ended where it had begun; its answers may be held to the allowed ones."""
    if arm is None:
        return False
    found = arm.settings
    plain = found.get("wording") == PLAIN and not found.get("count")
    return plain and found.get("decoding", FREE) == FREE
