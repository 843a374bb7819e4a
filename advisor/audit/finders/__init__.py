"""One file for each kind of thing that can be odd: each module declares `FINDER`."""

from functools import cache

from advisor.audit.finding import Finder
from harness.plugins import load_plugins


@cache
def finders() -> tuple[Finder, ...]:
    """All finders, in order of file name."""
    return tuple(load_plugins(__name__, "FINDER", Finder))
