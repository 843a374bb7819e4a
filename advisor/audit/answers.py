"""When two rows are answered alike, and when they contradict each other."""

import json
import re

from rapidfuzz import fuzz

from harness.closed_answers import CLOSED
from harness.retrieval import LONGEST_SPAN
from harness.text import YES_NO, normalise, tokens
from harness.types import Example, TaskSpec
from rag.terms import UNSPACED

_ALIKE = 90.0
"""Likeness of two texts, 0 to 100, from which they say the same in all but a word or two."""


def answered_alike(a: Example, b: Example, spec: TaskSpec) -> bool:
    """Whether one row says again what the other says."""
    if not (a.references and b.references):
        return a.references == b.references
    if spec.kind in CLOSED:
        return _share_value(a, b, spec)
    return any(_likeness(one, other) >= _ALIKE for one in a.references for other in b.references)


def contradict(a: Example, b: Example, spec: TaskSpec) -> bool:
    """Whether two rows that ask the same cannot both be right.

    Labels and JSON: no accepted value in common. Free text can be put in many ways: there, answers
    clash where one row has none, where one says yes and the other no, or where a short one shares
    no word with the other; for kind ``answer`` also where both give figures and share none.
    """
    if not (a.references and b.references):
        return a.references != b.references
    if spec.kind in CLOSED:
        return not _share_value(a, b, spec)
    first, second = (_words(example, spec.language) for example in (a, b))
    if any(first[0] & yes and second[0] & no for yes, no in (YES_NO, YES_NO[::-1])):
        return True
    if not first[1] & second[1]:
        return min(_shortest(a), _shortest(b)) <= LONGEST_SPAN
    figures = [{f for word in side[1] for f in _figures(word)} for side in (first, second)]
    return spec.kind == "answer" and all(figures) and not figures[0] & figures[1]


def _likeness(one: str, other: str) -> float:
    """0 to 100, words in any order; letters in theirs, where they stand for words."""
    first, second = normalise(one), normalise(other)
    if UNSPACED.search(first) or UNSPACED.search(second):
        return fuzz.ratio(first.split(), second.split())
    return fuzz.token_sort_ratio(first, second)


def _share_value(a: Example, b: Example, spec: TaskSpec) -> bool:
    if spec.kind == "label":
        return bool(set(a.references) & set(b.references))
    values = [json.loads(reference) for reference in b.references]  # the order of keys is no matter
    return any(json.loads(reference) in values for reference in a.references)


def _words(example: Example, language: str) -> tuple[set[str], set[str]]:
    """First words and all words of the accepted answers."""
    each = [words for text in example.references if (words := tokens(text, language))]
    return {words[0] for words in each}, {word for words in each for word in words}


def _shortest(example: Example) -> int:
    return min(len(text.split()) for text in example.references)


def _figures(word: str) -> list[str]:
    return re.findall(r"\d+(?:[.:]\d+)*", word)
