"""Facts as they literally stand in documents: where, how often, and put otherwise."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from harness.retrieval import LONGEST_SPAN
from harness.same_form import CLOSES, OPENS, Value
from harness.text import normalise, words_in
from harness.types import Example
from rag.types import Document

STEM = 3
"""Letters of a unit that its forms have in common: day, days."""


class Place(NamedTuple):
    """Where a fact stands."""

    document: Document
    start: int
    end: int


def facts_of(example: Example) -> tuple[str, ...]:
    """What a right answer must contain, as written: the key facts, or else short references."""
    if example.key_facts:
        return example.key_facts
    short = range(1, LONGEST_SPAN + 1)
    return tuple(text for text in example.references if words_in(normalise(text)) in short)


def pattern_of(fact: str) -> re.Pattern[str]:
    """Finds a fact whatever the spaces and capitals, and never inside a word or a number."""
    words = r"\s+".join(re.escape(word) for word in fact.split())
    opens = OPENS if fact.strip()[:1].isalnum() else r"(?<!\w)"
    closes = rf"(?!\w){CLOSES}" if fact.strip()[-1:].isalnum() else ""
    return re.compile(f"{opens}{words}{closes}", re.IGNORECASE)


def places(documents: Sequence[Document], fact: str) -> list[Place]:
    """Everywhere a fact stands; nothing for a fact without letters or digits."""
    if not normalise(fact):
        return []
    pattern = pattern_of(fact)
    return [
        Place(document, *match.span())
        for document in documents
        for match in pattern.finditer(document.text)
    ]


def alike(documents: Sequence[Document], value: Value, fact: str) -> list[Place]:
    """Everywhere the value stands with what it counts, also in another form: "30-day", "30 day"."""
    unit = fact[value.end :].split()
    if not unit or not unit[0][:STEM].isalpha():
        return []
    pattern = re.compile(
        rf"{OPENS}{re.escape(value.text)}[\s-]*{re.escape(unit[0][:STEM])}", re.IGNORECASE
    )
    return [
        Place(document, *match.span())
        for document in documents
        for match in pattern.finditer(document.text)
    ]


def with_value(standing: str, fact: str, value: Value, new: str) -> str:
    """A fact as it stands in a document, with another value; all else stays letter by letter.

    Args:
        standing: the fact there, which may differ from `fact` in spaces and capitals.
        fact: as it is known.
        value: the value in `fact`.
        new: what stands in its place.
    """
    before = r"\s+".join(re.escape(word) for word in fact[: value.start].split())
    gap = r"\s*" if before else ""
    head = re.match(f"{before}{gap}", standing, re.IGNORECASE)
    at = head.end() if head else 0
    return f"{standing[:at]}{new}{standing[at + len(value.text) :]}"


def line_around(place: Place) -> str:
    """The line that a fact stands in."""
    text = place.document.text
    start = text.rfind("\n", 0, place.start) + 1
    end = text.find("\n", place.end)
    return text[start : end if end >= 0 else len(text)]
