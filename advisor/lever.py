"""What would win more back for a rung that reads: a better search, or a better reader."""

from typing import Literal

from harness.diagnosis.findings import Retrieval

Lever = Literal["search", "reading", "alike", "neither", "open", "unknown", "document"]
FEWEST = 10
"""Questions whose passage was found, below which nobody can say how well passages are read."""


def lever(found: Retrieval, margin: float) -> Lever:
    """Which of the two is the larger, by the score that perfection in one would win back.

    A search that never misses, read as now, adds (1 − recall) · (U − V); a reader that never fails,
    on what is found now, adds recall · (1 − U). The rule, in this order:

    - unknown: the passage was found for fewer than ten questions, so U says nothing;
    - neither: neither of them adds more than the margin, below which a difference does not matter;
    - reading: everything was found, so that search has nothing to add;
    - alike: the 95 % interval of their difference lies within the margin to both sides of zero;
    - open: that interval holds zero, or there is none;
    - else the larger; but
    - document: instead of reading, alike or open where of most questions only the right document
      is known, for then a passage "found" may be one without the answer: a better search may win
      more than it seems, a better reader less.

    Args:
        found: the decomposition of a rung's score.
        margin: as a difference of scores.
    """
    which = _by_passage(found, margin)
    doubtful = 2 * found.by_document > found.recall.n and which in ("reading", "alike", "open")
    return "document" if doubtful else which


def _by_passage(found: Retrieval, margin: float) -> Lever:
    """The same, taking what is counted as found for passages that hold the answer."""
    search, reading, lead = found.better_search, found.better_reading, found.reading_over_search
    if search is None or reading is None or found.used.n < FEWEST:
        return "unknown"
    if max(search, reading) <= margin:
        return "neither"
    if found.luck.n == 0:
        return "reading"
    if lead.low is None or lead.high is None:
        return "open"
    if -margin <= lead.low and lead.high <= margin:
        return "alike"
    if lead.low <= 0 <= lead.high:
        return "open"
    return "reading" if lead.low > 0 else "search"
