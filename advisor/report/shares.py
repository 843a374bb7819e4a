"""Shares of a diagnosis as a table shows them."""

from collections.abc import Iterator

from advisor.numbers import interval, percent, points_range
from advisor.report.sources import Sources
from harness.diagnosis.findings import RungDiagnosis
from harness.diagnosis.share import Share


def diagnosed(sources: Sources) -> Iterator[tuple[str, RungDiagnosis]]:
    """Titles with their diagnosis, in order of effort."""
    for name, one in sources.experiment.diagnostics.rungs.items():
        yield sources.experiment.rungs[name].title, one


def figure(share: Share) -> str:
    """'41 % (32–51 %)'."""
    if share.mean is None:
        return "–"
    return f"{percent(share.mean)} ({interval(share.low, share.high)})"


def span(share: Share) -> str:
    """The interval of a difference, in points."""
    return points_range(share.low, share.high)
