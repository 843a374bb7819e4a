"""Simple measures of a text: how long it is, how easily it reads, which words stand in it."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from harness.text import fold
from harness.types import TaskSpec

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_END = re.compile(r"[.!?…]+(?=\s|$|[\"'”’)\]])")
_VOWELS_EN = re.compile(r"[aeiouy]+")
_VOWELS_TR = re.compile(r"[aeıioöuüâîû]")
_SILENT_E = re.compile(r"(?:[^laeiouy]e|[aeiouy]le|[^tdaeiouy]ed|[^aeiouyscxz]es)$")


class Range(NamedTuple):
    """Where the middle nine tenths of the house's answers lie."""

    low: float
    high: float

    def nearness(self, value: float) -> float:
        """1 inside; outside it falls to 0 at a whole width of the range from its edge."""
        away = max(self.low - value, value - self.high, 0.0)
        if away == 0:
            return 1.0
        width = self.high - self.low
        return max(0.0, 1.0 - away / width) if width else 0.0


def house_range(values: Sequence[float]) -> Range:
    """5th to 95th percentile, between neighbours in proportion (Hyndman and Fan's type 7)."""
    import numpy as np

    low, high = np.percentile(values, [5, 95])
    return Range(float(low), float(high))


def words_of(text: str) -> list[str]:
    """Words as a reader counts them; a number with its decimals is one, an article is one too."""
    return _WORD.findall(text)


@lru_cache(maxsize=16_384)  # a house has its words, and answers repeat them
def syllables(word: str, language: str) -> int:
    """Syllables of a word, at least 1.

    Turkish: its vowels, which is exact. English: groups of vowels without a silent e at the end, a
    rule of thumb that misses some words. A figure counts as one.
    """
    lower = fold(word, language)
    if language == "tr":
        return max(1, len(_VOWELS_TR.findall(lower)))
    groups = len(_VOWELS_EN.findall(lower))
    return max(1, groups - bool(_SILENT_E.search(lower)))


def _flesch(syllables_a_word: float, words_a_sentence: float) -> float:
    """Flesch (1948), Reading Ease: 206.835 − 1.015 w − 84.6 s."""
    return 206.835 - 1.015 * words_a_sentence - 84.6 * syllables_a_word


def _atesman(syllables_a_word: float, words_a_sentence: float) -> float:
    """Ateşman (1997), for Turkish: 198.825 − 2.610 w − 40.175 s."""
    return 198.825 - 2.610 * words_a_sentence - 40.175 * syllables_a_word


_FORMULAS: Mapping[str, Callable[[float, float], float]] = {"en": _flesch, "tr": _atesman}
READABLE = frozenset(_FORMULAS)
"""Languages, ISO 639-1, that a formula was made for."""


def reading_ease(text: str, language: str) -> float | None:
    """How easily a text reads: about 0 (hard) to 100 (easy), open at both ends.

    None for a text without a word.

    Args:
        text: any.
        language: one of `READABLE`.
    """
    words = words_of(text)
    if not words:
        return None
    sentences = max(1, sum(bool(words_of(part)) for part in _END.split(text)))
    spoken = sum(syllables(word, language) for word in words)
    return _FORMULAS[language](spoken / len(words), len(words) / sentences)


def uses(text: str, phrase: str, language: str) -> bool:
    """True when a word or phrase stands in a text as whole words; case does not count.

    Turkish dotted and dotless i are told apart. Where the phrase begins or ends with a mark, such
    as "!", it may stand right beside a word.
    """
    wanted = " ".join(fold(phrase, language).split())
    if not wanted:
        return False
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w$", wanted) else ""
    said = " ".join(fold(text, language).split())
    return re.search(f"{before}{re.escape(wanted)}{after}", said) is not None


class Rule(NamedTuple):
    """One entry of a task's word lists."""

    phrase: str
    wanted: bool
    """True: it must be used; False: it must not."""

    def broken_by(self, text: str, language: str) -> bool:
        """Whether a text does not keep it."""
        return uses(text, self.phrase, language) != self.wanted


def rules_of(spec: TaskSpec) -> tuple[Rule, ...]:
    """The rules of a task's word lists, in the order they are written."""
    return (
        *(Rule(phrase, True) for phrase in spec.must_use),
        *(Rule(phrase, False) for phrase in spec.must_not_use),
    )


def broken_rules(text: str, spec: TaskSpec) -> tuple[Rule, ...]:
    """The rules that a text breaks."""
    return tuple(rule for rule in rules_of(spec) if rule.broken_by(text, spec.language))
