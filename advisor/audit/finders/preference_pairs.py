"""Preference pairs that are few, held out, or against each other."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, out_of
from advisor.numbers import count, percent
from harness.personal import find_personal
from harness.preferences import FEWEST, USUAL
from harness.text import normalise

LONGER = 0.75
"""Share of pairs whose better answer is the longer one, from which length is told apart badly."""


def find(material: Material) -> Iterator[Finding]:
    """By number, what is held out, what says the opposite, personal data, and length."""
    pairs, leaked = material.pairs, material.leaked_pairs
    if not pairs:
        return
    left = len(pairs) - len(leaked)
    if left < USUAL:
        yield Finding(
            "too_few",
            "warning",
            left,
            (),
            f"{count(left, 'preference pair')}: published recipes begin at {USUAL}. Below "
            f"{FEWEST} to learn from, preference alignment is not run at all.",
            f"Collect {USUAL} pairs or more, and have two people judge 30 of them alike.",
        )
    if leaked:
        yield finding(
            "leak",
            "warning",
            [pair.id for pair in leaked],
            f"Preference pairs whose question or group is held out: {len(leaked):,} of "
            f"{len(pairs):,}. This check leaves them out: with them in, a score would partly be a "
            "test of memory.",
            "Take them out of the pairs, or hold other questions out.",
        )
    known = {(normalise(p.question), _plain(p.chosen), _plain(p.rejected)) for p in pairs}
    turned = [
        pair.id
        for pair in pairs
        if (normalise(pair.question), _plain(pair.rejected), _plain(pair.chosen)) in known
    ]
    if turned:
        yield finding(
            "contradiction",
            "warning",
            turned,
            f"Preference pairs that say the opposite of another: {len(turned):,}. The same two "
            "answers to one question, each once the better one: nothing can be learned from them.",
            "Decide which answer is the better one, or take both out.",
        )
    yield from _personal(material)
    longer = sum(len(pair.chosen) > len(pair.rejected) for pair in pairs) / len(pairs)
    if longer >= LONGER and len(pairs) >= FEWEST:
        yield Finding(
            "imbalance",
            "info",
            len(pairs),
            (),
            f"In {percent(longer)} of the preference pairs the better answer is the longer one: a "
            "model may learn to write more rather than better.",
            "Add pairs whose better answer is the shorter one, where that is so.",
        )


def _plain(text: str) -> str:
    """But for white space the same: two answers may differ in capitals and commas alone."""
    return " ".join(text.split())


def _personal(material: Material) -> Iterator[Finding]:
    pairs = material.pairs
    language = material.spec.language
    personal = [
        pair.id
        for pair in pairs
        if any(find_personal(t, language) for t in (pair.question, pair.chosen, pair.rejected))
    ]
    if personal:
        yield finding(
            "pii",
            "warning",
            personal,
            f"Personal data in {out_of(len(personal), len(pairs), 'preference pairs')}. Names and "
            "postal addresses are not looked for. What a model is tuned on ends up in its weights, "
            "and is hard to take back.",
            "Run rungwise anonymise to get a copy with these replaced, and look for names and "
            "addresses yourself.",
        )


FINDER = Finder(("too_few", "leak", "contradiction", "pii", "imbalance"), find)
