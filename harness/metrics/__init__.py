"""Scorers, one a file: each module declares `METRIC`. Adding a file here adds a metric."""

from functools import cache

from harness.metric import Metric
from harness.plugins import load_plugins, pick


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by name."""
    return {metric.name: metric for metric in load_plugins(__name__, "METRIC", Metric)}


def metric(name: str) -> Metric:
    """One metric.

    Raises:
        UserError: there is no metric of that name; the fix lists those there are.
    """
    return pick(metrics(), name, "metric", "[task] metric")
