"""Scorers, one a file: each module declares `METRIC`. Adding a file here adds a metric."""

from functools import cache

from harness.errors import Problem, UserError
from harness.metric import Metric
from harness.plugins import load_plugins


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by name."""
    return {metric.name: metric for metric in load_plugins(__name__, "METRIC", Metric)}


def metric(name: str) -> Metric:
    """One metric.

    Raises:
        UserError: there is no metric of that name; the fix lists those there are.
    """
    try:
        return metrics()[name]
    except KeyError:
        raise UserError(
            Problem(
                f"there is no metric {name!r}", f"choose one of {', '.join(metrics())}", "[task]"
            )
        ) from None
