"""Answers that cannot be used as they are: no label, no JSON, empty, cut, copied."""

import math
from collections.abc import Callable

from harness.closed_answers import CLOSED
from harness.diagnosis.findings import BrokenRule, Form, Share
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject
from harness.rungs import trains
from harness.text import normalise, words_in
from harness.types import Answer, Example
from harness.wording import Range, Rule, house_range, rules_of, words_of

SHORTEST_COPY = 6
"""Words below which an answer that stands in a passage is a quotation, not a copy, and one that
answers a training question too is chance."""


def form(material: Material, subject: Subject) -> Form:
    """Shares of answers by what is the matter with their shape, whether right or not."""
    closed = material.spec.kind in CLOSED
    bad = [
        [float(e.id in ids) if e.id in seed else None for e in material.heldout]
        for seed, ids in zip(subject.answers, subject.malformed, strict=True)
    ]
    cut = sum(
        seed[key].truncated
        for seed, ids in zip(subject.answers, subject.malformed, strict=True)
        for key in ids
    )
    allowed = _house_lengths(material)
    return Form(
        malformed=material.share(bad) if closed else Share(),
        malformed_cut=cut if closed else 0,
        empty=material.share(subject.rows(lambda e, a: float(not a.text.strip()))),
        truncated=material.share(subject.rows(lambda e, a: float(a.truncated))),
        copied=_copied(material, subject),
        recited=Share() if closed or not trains(subject.name) else _recited(material, subject),
        too_short=_share_of_lengths(material, subject, lambda n: n < allowed.low),
        too_long=_share_of_lengths(material, subject, lambda n: n > allowed.high),
        broken_rules=() if closed else _broken_rules(material, subject),
    )


def _house_lengths(material: Material) -> Range:
    """The range of lengths of the house's answers; without limits where length says nothing."""
    closed = material.spec.kind in CLOSED
    lengths = [len(words_of(e.references[0])) for e in material.train if e.references]
    return house_range(lengths) if lengths and not closed else Range(-math.inf, math.inf)


def _share_of_lengths(material: Material, subject: Subject, out: Callable[[int], bool]) -> Share:
    """Share of the answers, but for those that say they do not know, by length in words."""

    def off(example: Example, answer: Answer) -> float | None:
        return None if subject.abstains(answer) else float(out(len(words_of(answer.text))))

    return material.share(subject.rows(off))


def _broken_rules(material: Material, subject: Subject) -> tuple[BrokenRule, ...]:
    """How often each entry of the word lists is not kept."""
    found = []
    for rule in rules_of(material.spec):

        def breaks(example: Example, answer: Answer, rule: Rule = rule) -> float | None:
            if subject.abstains(answer):
                return None
            return float(rule.broken_by(answer.text, material.spec.language))

        share = material.share(subject.rows(breaks))
        if share.mean:
            found.append(BrokenRule(rule.phrase, rule.wanted, share))
    return tuple(sorted(found, key=lambda one: -(one.broken.mean or 0.0)))


def _copied(material: Material, subject: Subject) -> Share:
    """Answers that stand word by word in one of their passages, and are not right."""
    language = material.spec.language
    rows = [
        [
            float(score < subject.right_from and _stands_in(seed[e.id], language))
            if score is not None and seed[e.id].contexts
            else None
            for e, score in zip(material.heldout, scores, strict=True)
        ]
        for seed, scores in zip(subject.answers, subject.scores, strict=True)
    ]
    return material.share(rows)


def _recited(material: Material, subject: Subject) -> Share:
    """Of answers that are no bare words, those that are a training row's and not the right one."""
    language = material.spec.language
    known = {normalise(text, language) for row in material.train for text in row.references}

    def recites(example: Example, answer: Answer) -> float | None:
        if subject.abstains(answer):
            return None
        said = normalise(answer.text, language)
        if words_in(said) < SHORTEST_COPY:
            return None
        right = {normalise(text, language) for text in example.references}
        return float(said in known - right)

    return material.share(subject.rows(recites))


def _stands_in(answer: Answer, language: str) -> bool:
    said = normalise(answer.text, language)
    if words_in(said) < SHORTEST_COPY:
        return False
    return any(f" {said} " in f" {normalise(c.text, language)} " for c in answer.contexts)
