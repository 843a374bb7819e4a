"""Which of the passages put before the model an answer rests on."""

import re
from collections.abc import Sequence

from rag.terms import UNSPACED, spelled, words


def cite(answer: str, passages: Sequence[str], *, least: float = 0.5) -> tuple[int, ...]:
    """Indices of the passages that support an answer, strongest first.

    Support is the share of the answer's telling words (figures, words of four letters or more, and
    pairs of letters where a script has no spaces) that stand in the passage. Small models cannot be
    relied on to write citations, so they are attributed from the text. A passage is cited when its
    support reaches `least` and is within a tenth of the strongest one's.

    Args:
        answer: the model's text.
        passages: texts in any order.
        least: smallest support, 0 to 1.

    Returns:
        Empty when nothing supports the answer, or the answer has no telling words.
    """
    said = _telling(answer)
    if not said:
        return ()
    support = [len(said & _telling(passage)) / len(said) for passage in passages]
    best = max(support, default=0.0)
    if best < least:
        return ()
    ranked = sorted(range(len(passages)), key=lambda i: -support[i])
    return tuple(i for i in ranked if support[i] >= max(least, best - 0.1))


def _telling(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in words(text):
        # 14,50 and 14.50 are one price, so a figure is compared by its parts
        parts = spelled(word) if UNSPACED.match(word) else re.split("[.,:]", word)
        telling = 1 if UNSPACED.match(word) else 3
        found.update(one for one in parts if len(one) > telling or any(map(str.isdigit, one)))
    return frozenset(found)
