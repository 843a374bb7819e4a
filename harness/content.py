"""Whether an answer says what it should, however it says it."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from harness.text import holds, tokens
from harness.types import Answer, Example, TaskSpec

Weight = Callable[[str], float]
"""What a normalised word counts, 0 or more."""
COMMON = 0.1
"""Share of the house's answers from which a word belongs to their manner, not to what they say."""
KEPT = 0.2
"""Weighed overlap from which the content counts as kept. On real replies to the same question
0.70 reach it, and of replies to other questions 0.03; DECISIONS.md has the table."""


def facts_kept(example: Example, answer: Answer, spec: TaskSpec) -> float | None:
    """Share of the row's key facts in the answer; None where the row names none."""
    if not example.key_facts:
        return None
    found = [holds(answer.text, fact, spec.language) for fact in example.key_facts]
    return sum(found) / len(found)


def overlap(said: Sequence[str], wanted: Sequence[str], weight: Weight = lambda word: 1.0) -> float:
    """F1 over bags of words, each word counting its weight; two empty bags agree.

    2 S / (A + B) with S, A, B the weights of the shared words, of the one and of the other bag.
    """
    if not said and not wanted:
        return 1.0
    a, b = Counter(said), Counter(wanted)
    total = sum(n * weight(word) for word, n in (a + b).items())
    shared = sum(n * weight(word) for word, n in (a & b).items())
    return 2 * shared / total if total else 0.0


def content_weight(texts: Sequence[str], language: str) -> Weight:
    """Weigh words by how rare they are among the house's answers; those in many weigh nothing.

    log((1 + N) / (1 + n)) for a word in n of N texts. The closing phrase that stands in every
    answer so keeps no content, nor does any word of greeting.
    """
    spread = Counter(word for text in texts for word in set(tokens(text, language)))

    def weight(word: str) -> float:
        n = spread[word]
        return 0.0 if n > COMMON * len(texts) else math.log((1 + len(texts)) / (1 + n))

    return weight


def content_kept(said: str, references: Sequence[str], weight: Weight, language: str) -> bool:
    """True when an answer shares enough of what counts with one of the references.

    A reference of nothing but common words has to be met by most of them.
    """
    words = tokens(said, language)
    for reference in references:
        wanted = tokens(reference, language)
        if any(weight(word) for word in wanted):
            if overlap(words, wanted, weight) >= KEPT:
                return True
        elif overlap(words, wanted) > 0.5:
            return True
    return False
