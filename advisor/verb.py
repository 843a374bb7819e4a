"""What a verb of the command line declares."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """Declared by each file in `advisor/verbs` as `VERB`; its line of help is in `HELP` there."""

    name: str
    example: str
    """A command that works."""
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
    """Returns the exit status."""
    notes: str = ""
    """What else its help says, above the example: lines of their own."""
