"""Formats of the report, one a file: each module declares `FORMAT`. A file here adds a format."""

from functools import cache

from advisor.report.format import Format
from harness.plugins import load_plugins, pick


@cache
def formats() -> dict[str, Format]:
    """All formats by name."""
    return {one.name: one for one in load_plugins(__name__, "FORMAT", Format)}


def report_format(name: str) -> Format:
    """One format.

    Raises:
        UserError: there is no format of that name; the fix lists those there are.
    """
    return pick(formats(), name, "report format", "--format")
