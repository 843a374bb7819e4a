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
    each, one and one more for every ten; then one of the k + 1 rarest words of the one is among the
    k + 1 rarest of the other, and only pairs that share such a word need comparing.

    Args:
        examples: all rows that will be added or looked for; they give the words their weights.
        spec: says in which language words are folded, and when answers agree.
    """

    def __init__(self, examples: Sequence[Example], spec: TaskSpec) -> None:
        self._spec = spec
        self._words = {e.id: frozenset(tokens(e.question, spec.language)) for e in examples}
        self._rows: Counter[str] = Counter(word for words in self._words.values() for word in words)
        self._weight = {word: math.log1p(len(examples) / n) for word, n in self._rows.items()}
        self._by_word: dict[str, list[Example]] = defaultdict(list)

    def add(self, example: Example) -> None:
        """Make a row findable."""
        for word in self._rarest(example):
            self._by_word[word].append(example)

    def find(self, example: Example) -> Example | None:
        """An added row that asks nearly the same and is answered alike, if there is one."""
        words = self._words[example.id]
        candidates = {
            other.id: other for word in self._rarest(example) for other in self._by_word[word]
        }
        for other in candidates.values():
            theirs = self._words[other.id]
            if (
                len(words - theirs) <= _spare(words)
                and len(theirs - words) <= _spare(theirs)
                and self._likeness(words, theirs) >= LEAST_LIKENESS
                and answered_alike(example, other, self._spec)
            ):
                return other
        return None

    def _rarest(self, example: Example) -> list[str]:
        words = self._words[example.id]
        return sorted(words, key=lambda word: (self._rows[word], word))[: _spare(words) + 1]

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
