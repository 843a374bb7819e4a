"""How long one asks and waits: of the answers that were given one by one."""

import math
import statistics
from collections.abc import Sequence

from harness.experiment import Latency
from harness.types import Answer

LEAST_FOR_TAIL = 20
"""Questions below which nothing is said of the slowest 5 %: fewer hold none of them."""


def latency_of(answers: Sequence[Answer]) -> Latency:
    """Median, and what 95 % of the answers do not exceed (nearest rank), in seconds.

    The same question at another seed is timed again, but makes the slowest no better known.
    """
    timed = [(a.latency_s, a.query_id) for a in answers if a.latency_s is not None]
    if not timed:
        return Latency(None, None, None, 0)
    waits = sorted(seconds for seconds, _ in timed)
    enough = len({question for _, question in timed}) >= LEAST_FOR_TAIL
    tail = waits[math.ceil(0.95 * len(waits)) - 1] if enough else None
    return Latency(statistics.median(waits), tail, waits[-1], len(waits))
