"""Parts of the questions on which a rung does much worse, or much better, than on the rest."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from harness.diagnosis.findings import Share, Slice, SliceKind
from harness.diagnosis.material import Material, difference_of, share
from harness.diagnosis.subject import Subject
from harness.stats.quantiles import critical

SMALLEST = 10
"""Questions in a part, and outside of it, below which its score says next to nothing."""
SHOWN = 8


class _Part(NamedTuple):
    kind: SliceKind
    name: str
    value: str
    inside: list[bool]


def slices(material: Material, subject: Subject) -> tuple[tuple[Slice, ...], int]:
    """The most telling parts, and how many were looked at.

    Telling is how far the difference from the rest stays from zero once all parts that were looked
    at are counted: its interval stretched from 5 % to 5 % / parts (Bonferroni).
    """
    found = [
        _slice(material, subject, part) for part in _parts(material) if _large_enough(part, subject)
    ]
    stretch = critical(0.05 / max(1, len(found)), math.inf) / critical(0.05, math.inf)
    ranked = sorted(
        ((_away(one.difference, stretch), one) for one in found),
        key=lambda pair: (-pair[0], pair[1].kind, pair[1].name, pair[1].value),
    )
    told = tuple(replace(one, stands_out=away > 0) for away, one in ranked[:SHOWN])
    return told, len(found)


def _large_enough(part: _Part, subject: Subject) -> bool:
    known = [flag for flag, ok in zip(part.inside, subject.scored, strict=True) if ok]
    return min(known.count(True), known.count(False)) >= SMALLEST


def _slice(material: Material, subject: Subject, part: _Part) -> Slice:
    # the questions of one document are all that is asked of it, not a draw of documents
    clusters = None if part.kind == "document" else material.clusters
    inside, outside = (
        share(subject.scores_where([flag is side for flag in part.inside]), clusters)
        for side in (True, False)
    )
    gap = difference_of(inside, outside)
    return Slice(part.kind, part.name, part.value, inside, outside, gap, stands_out=False)


def _away(difference: Share, stretch: float) -> float:
    """How far the stretched interval stays from zero; negative where it holds zero."""
    mean, low, high = difference.mean, difference.low, difference.high
    if mean is None or low is None or high is None:
        return -math.inf
    return mean - stretch * (mean - low) if mean > 0 else -(mean + stretch * (high - mean))


def _parts(material: Material) -> Iterator[_Part]:
    """Every part there is: by tag, document, right label, and length of the question."""
    heldout = material.heldout
    for tag in sorted({tag for example in heldout for tag in example.tags}):
        yield _Part("tag", *tag, [tag in example.tags for example in heldout])
    for source in sorted({source for example in heldout for source in example.context_ids}):
        yield _Part("document", "", source, [source in e.context_ids for e in heldout])
    for label in material.spec.labels:
        yield _Part("label", "", label, [label in example.references for example in heldout])
    yield from _by_length(material)


def _by_length(material: Material) -> Iterator[_Part]:
    """Thirds by number of words; questions of one length stay together."""
    lengths = [len(example.question.split()) for example in material.heldout]
    ordered = sorted(lengths)
    first, second = (ordered[len(ordered) * third // 3] for third in (1, 2))
    thirds = (
        ("short", ordered[0], first - 1),
        ("middle", first, second - 1),
        ("long", second, ordered[-1]),
    )
    for name, low, high in thirds:
        yield _Part("length", name, f"{low}–{high}", [low <= n <= high for n in lengths])
