"""One file for each kind of thing that can be odd: each module declares `FINDER`."""

from functools import cache
from types import MappingProxyType

from advisor.audit.finding import Finder
from harness.plugins import load_plugins


@cache
def finders() -> MappingProxyType[str, Finder]: ...
