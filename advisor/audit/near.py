"""Questions that are the same in all but spelling, order and words that say little."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

from advisor.audit.answers import answered_alike
from advisor.audit.finding import asked
from harness.text import tokens
from harness.types import Example, TaskSpec

LEAST_LIKENESS: Final = 0.85
"""Share of the weight of the words from which a question is a near copy. Of 329 such pairs among
9,955 questions to a bank 96 % carried the same one of 77 labels; of 300 copies made with a slip, a
swap or another small word 98 % were found, of those with any one word left out 76 %."""

_SAME_WORD: Final = 85.0
"""Likeness of two words, 0 to 100, from which one is the other with a slip or another ending."""


_SHARED: Final = 2
"""Rare words that two rows must share to be compared. Of rows that follow one pattern hundreds
share one, few share two; with three the search was no faster."""


def distinct_questions(examples: Sequence[Example]) -> list[Example]:
    """The first row of each question."""
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(asked(example), example)
    return list(first.values())


class CopyIndex:
    """Rows in which near copies of a row can be found.

    Words weigh the more the fewer rows they stand in (``log(1 + n/df)``), so that "the card" and
    "my card" are alike, and "lost card" and "new card" are not. Two questions may differ in k words
    each, one and one more for every ten; then the m rarest words that they share are among the
    k + m rarest of the one and of the other, and only rows that share m of those need comparing.

    Args:
        examples: all rows that will be added or looked for; they give the words their weights.
        spec: says in which language words are folded, and when answers agree.
    """

    def __init__(self, examples: Sequence[Example], spec: TaskSpec) -> None:
        self._spec = spec
        self._words = {e.id: frozenset(tokens(e.question, spec.language)) for e in examples}
        self._rows: Counter[str] = Counter(word for words in self._words.values() for word in words)
        self._weight = {word: math.log1p(len(examples) / n) for word, n in self._rows.items()}
        self._heaviest = math.log1p(len(examples))
        self._added: list[Example] = []
        self._by_word: dict[str, list[int]] = defaultdict(list)

    def add(self, example: Example) -> None:
        """Make a row findable."""
        words = self._words[example.id]
        if self._is_unlike_any(words):
            return
        for word in self._rarest(words, _SHARED):
            self._by_word[word].append(len(self._added))
        self._added.append(example)

    def find(self, example: Example) -> Example | None:
        """An added row that asks nearly the same and is answered alike, if there is one."""
        words = self._words[example.id]
        if self._is_unlike_any(words):
            return None
        shared = max(1, min(_SHARED, len(words) - _spare(words)))
        met: Counter[int] = Counter()
        for word in self._rarest(words, shared):
            met.update(self._by_word.get(word, ()))
        candidates = (self._added[place] for place, times in met.items() if times >= shared)
        for other in candidates:
            alike = self._is_copy(words, self._words[other.id])
            if alike and answered_alike(example, other, self._spec):
                return other
        return None

    def _is_unlike_any(self, words: frozenset[str]) -> bool:
        """Whether figures of its own, such as an order number, weigh too much for any copy."""
        own = [word for word in words if self._rows[word] == 1 and not word.isalpha()]
        slips = _spare(words) - len(own)
        weight = sum(self._weight[word] for word in words) + slips * self._heaviest
        return bool(own) and sum(self._weight[word] for word in own) > (1 - LEAST_LIKENESS) * weight

    def _rarest(self, words: frozenset[str], shared: int) -> list[str]:
        ordered = sorted(words, key=lambda word: (self._rows[word], word))
        return ordered[: _spare(words) + shared]

    def _is_copy(self, words: frozenset[str], theirs: frozenset[str]) -> bool:
        least = max(len(words) - _spare(words), len(theirs) - _spare(theirs))
        return (
            least <= min(len(words), len(theirs))
            and least <= len(words & theirs)
            and self._likeness(words, theirs) >= LEAST_LIKENESS
        )

    def _likeness(self, a: frozenset[str], b: frozenset[str]) -> float:
        """Share of the words' weight that stands on both sides, 0 to 1."""
        unmatched, left = 0.0, set(b - a)
        for word in a - b:
            twin = next((other for other in sorted(left) if _is_slip(word, other)), None)
            if twin is None:
                unmatched += self._weight[word]
            else:
                left.discard(twin)
        unmatched += sum(self._weight[word] for word in left)
        return 1 - unmatched / sum(self._weight[word] for word in a | b)


def _spare(words: frozenset[str]) -> int:
    """How many words may differ."""
    return 1 + len(words) // 10


def _is_slip(a: str, b: str) -> bool:
    """The same word misspelt or inflected; figures that differ are never slips."""
    return a[0] == b[0] and a.isalpha() and b.isalpha() and fuzz.ratio(a, b) >= _SAME_WORD
