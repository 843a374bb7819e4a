"""Probes, one a file: each module declares `PROBE`. Adding a file here adds a probe."""

from functools import cache

from harness.plugins import load_plugins, pick
from harness.probe import Probe


@cache
def probes() -> dict[str, Probe]:
    """All probes by name."""
    return {probe.name: probe for probe in load_plugins(__name__, "PROBE", Probe)}


def probe_type(name: str) -> Probe:
    """One probe.

    Raises:
        UserError: there is no probe of that name; the fix lists those there are.
    """
    return pick(probes(), name, "probe", "probe")
