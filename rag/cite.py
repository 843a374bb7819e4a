"""Which of the passages put before the model an answer rests on."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+", re.UNICODE)


def cite(answer: str, passages: Sequence[str], *, least: float = 0.5) -> tuple[int, ...]:
    """Indices of the passages that support an answer, strongest first.

    Support is the share of the answer's telling words (figures, and words of four letters or more)
    that stand in the passage. Small models cannot be relied on to write citations, so they are
    attributed from the text. A passage is cited when its support reaches `least` and is within a
    tenth of the strongest one's.

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
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(w for w in words if len(w) > 3 or any(c.isdigit() for c in w))
