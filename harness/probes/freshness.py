"""Freshness: facts in a copy of the documents are changed, and rungs asked for them again.

A rung that reads should follow the documents once they are indexed again. One that learned the old
fact by training can only give that, until it is trained again.
"""

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence

from harness.edited import changed_facts
from harness.errors import Problem, UserError
from harness.literal import (
    Place,
    alike,
    facts_of,
    line_around,
    pattern_of,
    places,
    with_value,
)
from harness.probe import (
    Arm,
    Asked,
    Ground,
    Measure,
    Measured,
    Planted,
    Planting,
    ProbeType,
    Yardstick,
    asked_of,
    estimate,
    if_shown,
    shown,
)
from harness.same_form import Value, another, values_in
from harness.text import holds, tokens
from harness.types import Answer, Example
from rag.types import Document

SHARED_WORDS = 2
"""Words that a line has in common with its question, where a fact stands in several lines."""
SHORT = 4
"""Letters below which a word says nothing about which line is meant."""

NO_FACT = "no key fact or short answer is known"
NO_VALUE = "the fact is not one number, amount, time, date, weekday or month"
NOT_THERE = "the fact does not literally stand in one document of the question"
AMBIGUOUS = "the fact stands in its document more than once, perhaps with another meaning"
IN_QUESTION = "the question itself holds the fact"
NO_OTHER = "no other value of the same form is free"


class _LeftOutError(Exception):
    """Why a fact is not changed."""


def plant(ground: Ground, count: int, seed: int) -> Planting:
    """Change up to `count` facts that held-out questions ask for, each wherever it stands.

    A fact is changed in one document, in all places of it, to a value of the same form. It is left
    out where that would touch another fact. Facts that no other document states come first: where
    another one still states the old value, both versions are in the index.

    Raises:
        UserError: not one fact can be changed; the fix says which columns to fill.
    """
    rng = random.Random(seed)
    documents = list(ground.documents)
    left_out: Counter[str] = Counter()
    found: dict[tuple[str, str], list[Example]] = {}
    for example in ground.heldout:
        if example.answerable:
            try:
                source, fact = _fact_of(example, ground.documents)
                found.setdefault((source, fact), []).append(example)
            except _LeftOutError as why:
                left_out[str(why)] += 1
    order = sorted(found)
    rng.shuffle(order)
    order.sort(key=lambda key: _elsewhere(ground.documents, *key))
    planted: list[Planted] = []
    for source, fact in order:
        if len(planted) == count:
            break
        examples = found[source, fact]
        try:
            new = _changed(documents, ground, (source, fact), examples, rng)
        except _LeftOutError as why:
            left_out[str(why)] += len(examples)
            continue
        ids = tuple(example.id for example in examples)
        planted.append(Planted(source, ids, fact, new))
    if not planted:
        raise UserError(_nothing(left_out))
    return Planting(tuple(documents), tuple(planted), dict(left_out))


def _nothing(left_out: Counter[str]) -> Problem:
    why = "; ".join(f"{n:,}: {reason}" for reason, n in left_out.most_common())
    return Problem(
        f"no fact that a held-out question asks for can be changed ({why or 'none is known'})",
        "name the columns key_facts and document under [data.columns] in rungwise.toml: strings "
        "such as '30 days' that a right answer contains, and the file they stand in; then check "
        "again",
        "held-out questions",
    )


def _fact_of(example: Example, documents: Sequence[Document]) -> tuple[str, str]:
    """Source and fact of a question: the first fact with one value that stands in one source."""
    facts = facts_of(example)
    if not facts:
        raise _LeftOutError(NO_FACT)
    single = [fact for fact in facts if len(values_in(fact)) == 1]
    if not single:
        raise _LeftOutError(NO_VALUE)
    own = [d for d in documents if not example.context_ids or d.source in example.context_ids]
    for fact in single:
        sources = {place.document.source for place in places(own, fact)}
        if len(sources) == 1:
            if pattern_of(fact).search(example.question):
                raise _LeftOutError(IN_QUESTION)
            return sources.pop(), fact
    raise _LeftOutError(NOT_THERE)


def _elsewhere(documents: Sequence[Document], source: str, fact: str) -> bool:
    """Whether another document states the same."""
    return any(place.document.source != source for place in places(documents, fact))


def _changed(
    documents: list[Document],
    ground: Ground,
    key: tuple[str, str],
    examples: Sequence[Example],
    rng: random.Random,
) -> str:
    """Change one fact in `documents`; returns what it says now."""
    source, fact = key
    own = [document for document in documents if document.source == source]
    there = places(own, fact)
    before = places([d for d in ground.documents if d.source == source], fact)
    if len(there) != len(before):  # an earlier change touched it
        raise _LeftOutError(AMBIGUOUS)
    (value,) = values_in(fact)
    _check_meaning(there, own, (fact, value), examples, _rivals(ground, source, fact))

    def said(new: str) -> str:
        return f"{fact[: value.start]}{new}{fact[value.end :]}"

    def taken(new: str) -> bool:
        asked = any(pattern_of(said(new)).search(e.question) for e in examples)
        return asked or bool(places(own, said(new)))

    new = another(value, fact, rng, taken)
    if new is None:
        raise _LeftOutError(NO_OTHER)
    for at, document in enumerate(documents):
        if document.source == source:
            text = pattern_of(fact).sub(
                lambda match: with_value(match[0], fact, value, new), document.text
            )
            if text != document.text:
                documents[at] = dataclasses.replace(document, text=text)
    return said(new)


def _rivals(ground: Ground, source: str, fact: str) -> set[str]:
    """Groups of rows that ask the same document for the same string: more than one, two facts."""
    rows = (*ground.heldout, *ground.others)
    same = fact.lower()
    return {
        row.group or row.id
        for row in rows
        if source in row.context_ids and same in (one.lower() for one in facts_of(row))
    }


def _check_meaning(
    there: Sequence[Place],
    own: Sequence[Document],
    said: tuple[str, Value],
    examples: Sequence[Example],
    rivals: set[str],
) -> None:
    """Leave a fact out where its string, or its value with the same unit, may mean another."""
    fact, value = said
    if any(pattern_of(fact).search(document.title) for document in own):
        raise _LeftOutError(AMBIGUOUS)  # a title goes with every passage and would stay as it is
    if len(there) > 1:
        if len(rivals) > 1:
            raise _LeftOutError(AMBIGUOUS)
        about = {
            word
            for example in examples
            for text in (example.question, *example.references)
            for word in tokens(text)
        } - set(tokens(fact))
        about = {word for word in about if len(word) >= SHORT}
        if any(len(about & set(tokens(line_around(place)))) < SHARED_WORDS for place in there):
            raise _LeftOutError(AMBIGUOUS)
    spans = [(place.document.id, place.start, place.end) for place in there]
    for other in alike(own, value, fact):
        if not any(
            other.document.id == name and start <= other.start < end for name, start, end in spans
        ):
            raise _LeftOutError(AMBIGUOUS)


def measure(planting: Planting, arm: Arm, by: Yardstick) -> Measured:
    """What one rung says about the changed facts, and what it said before.

    `fresh`, `stale` and `neither` add up to one: an answer that holds both values is stale.
    """
    asked = asked_of(planting)
    language = by.spec.language

    def new(one: Asked, answer: Answer) -> bool:
        return holds(answer.text, one.planted.new, language)

    def old(one: Asked, answer: Answer) -> bool:
        return holds(answer.text, one.planted.old, language)

    def fresh(one: Asked, answer: Answer) -> float:
        return float(new(one, answer) and not old(one, answer))

    shares = {
        "before": estimate(asked, arm.before, lambda one, answer: float(old(one, answer))),
        "fresh": estimate(asked, arm.after, fresh),
        "stale": estimate(asked, arm.after, lambda one, answer: float(old(one, answer))),
        "neither": estimate(
            asked,
            arm.after,
            lambda one, answer: float(not new(one, answer) and not old(one, answer)),
        ),
    }
    if arm.reads:
        shares["found"] = estimate(asked, arm.after, shown)
        shares["fresh_if_found"] = estimate(asked, arm.after, if_shown(fresh))
    return Measured(shares)


PROBE = ProbeType(
    name="freshness",
    title="When a fact changes",
    what="Facts in a copy of the documents are changed; does a rung give the new one or the old?",
    unit="fact",
    plant=plant,
    measure=measure,
    compare=changed_facts,
    measures=(
        Measure("fresh", "New fact", "The answer holds the new fact and not the old one."),
        Measure("stale", "Old fact", "The answer holds the old fact, which is wrong now."),
        Measure("neither", "Neither", "The answer holds neither of them."),
        Measure(
            "before",
            "Right before",
            "In the check, on the same questions, the answer held the fact as it was then.",
        ),
        Measure("found", "Passage found", "The changed passage was among those shown."),
        Measure(
            "fresh_if_found",
            "New fact, when found",
            "Of the answers for which the changed passage was shown: those with the new fact.",
        ),
    ),
)
