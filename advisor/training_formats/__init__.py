"""Formats of training rows, one a file: each module declares `TRAINING_FORMAT`."""

from functools import cache

from advisor.training_format import TrainingFormat
from harness.plugins import load_plugins, pick


@cache
def training_formats() -> dict[str, TrainingFormat]:
    """All formats by name."""
    return {one.name: one for one in load_plugins(__name__, "TRAINING_FORMAT", TrainingFormat)}


def training_format(name: str) -> TrainingFormat:
    """One format.

    Raises:
        UserError: there is no format of that name; the fix lists those there are.
    """
    return pick(training_formats(), name, "format of training rows", "--training-set")
