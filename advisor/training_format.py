"""What a format of training rows declares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """One training row as the rungs render it. Untrusted text."""

    system: str
    user: str
    answer: str


@dataclass(frozen=True, slots=True)
class TrainingFormat:
    """Declared by each file in `advisor/training_formats` as `TRAINING_FORMAT`."""

    name: str
    title: str
    """Who takes it, in words."""
    suffix: str
    """Of its files, with the dot."""
    mime: str
    write: Callable[[Sequence[Row]], bytes]
    read: Callable[[bytes], list[Row]]
    """The rows again, with whatever the format cannot hold missing."""
