"""Probes, one a file: each module declares `PROBE`. Adding a file here adds a probe."""

from functools import cache

from harness.plugins import load_plugins, pick
from harness.probe import ProbeType


@cache
def probes() -> dict[str, ProbeType]:
    """All probes by name."""
    return {probe.name: probe for probe in load_plugins(__name__, "PROBE", ProbeType)}


def probe_type(name: str) -> ProbeType:
    """One probe.

    Raises:
        UserError: there is no probe of that name; the fix lists those there are.
    """
    return pick(probes(), name, "probe", "probe")
