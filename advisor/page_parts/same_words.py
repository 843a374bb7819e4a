"""What of an answer also stands in a right one, marked: where a wrong answer went wrong."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from advisor.page_parts.text import joined, markup

_WORD = re.compile(r"\w+(?:[.,:'’-]\w+)*")
LONG = 5
"""Letters from which a single word says something; shorter ones are mostly "the" and "of"."""
MOST_LETTERS = 2_000
"""Longer texts are shown as they are: comparing takes time with the square of their length."""


def same_words(text: str, right: Sequence[str]) -> Markup:
    """A text with the runs of words marked that it shares with the right answer it is nearest to.

    A run is two words or more, a long word, or one with a digit; it may stand elsewhere there.

    Args:
        text: an answer, any characters.
        right: the right answers.
    """
    said = list(_WORD.finditer(text))
    if not said or max(map(len, (text, *right)), default=0) > MOST_LETTERS:
        return markup("{text}", text=text)
    words = [one[0].casefold() for one in said]
    runs = max((_shared(words, one) for one in right), key=_words_in, default=[])
    pieces, at = [], 0
    for first, last in runs:
        start, end = said[first].start(), said[last - 1].end()
        pieces.append(
            markup("{before}<mark>{same}</mark>", before=text[at:start], same=text[start:end])
        )
        at = end
    return joined([*pieces, markup("{rest}", rest=text[at:])])


def _shared(words: Sequence[str], right: str) -> list[tuple[int, int]]:
    """First word and the one behind the last of each run, in order."""
    others = [one[0].casefold() for one in _WORD.finditer(right)]
    places: dict[str, list[int]] = {}
    for place, word in enumerate(others):
        places.setdefault(word, []).append(place)
    runs, at = [], 0
    while at < len(words):
        begins = places.get(words[at], ())
        long = max((_alike(words, at, others, place) for place in begins), default=0)
        if long and _says_something(words[at : at + long]):
            runs.append((at, at + long))
        at += max(1, long)
    return runs


def _alike(words: Sequence[str], at: int, others: Sequence[str], place: int) -> int:
    """How many words are the same from there on, in both."""
    long = 0
    most = min(len(words) - at, len(others) - place)
    while long < most and words[at + long] == others[place + long]:
        long += 1
    return long


def _says_something(run: Sequence[str]) -> bool:
    return len(run) > 1 or len(run[0]) >= LONG or any(map(str.isdigit, run[0]))


def _words_in(runs: Sequence[tuple[int, int]]) -> int:
    return sum(last - first for first, last in runs)
