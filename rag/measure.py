"""How good an order of passages is, without any reader.

All take `right`, one truth value a place, the best place first. A question whose answer was not
found counts 0; one that nothing answers is not measured at all.
"""

import math
from collections.abc import Sequence


def recall(right: Sequence[bool], k: int) -> float:
    """1 when a right passage is among the first k, else 0: its mean is answer-in-context@k."""
    return float(any(right[:k]))


def reciprocal_rank(right: Sequence[bool]) -> float:
    """1 / place of the first right passage; its mean over questions is the MRR.

    >>> reciprocal_rank([False, True, True])
    0.5
    """
    return next((1 / place for place, good in enumerate(right, start=1) if good), 0.0)


def ndcg(right: Sequence[bool], k: int, total: int) -> float | None:
    """Discounted gain of the first k over that of the best possible order (nDCG@k).

    A right passage at place p gains 1 / log2(p + 1) (Järvelin and Kekäläinen, TOIS 2002). Recall
    asks for one right passage, this for all of them, early.

    Args:
        right: at least the first k places, or all there are.
        k: places looked at.
        total: right passages in the whole index.

    Returns:
        0 to 1; None where no passage is right.
    """
    if total < 1 or k < 1:
        return None
    gained = sum(1 / math.log2(at + 2) for at, good in enumerate(right[:k]) if good)
    return gained / sum(1 / math.log2(at + 2) for at in range(min(k, total)))
