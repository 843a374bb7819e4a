"""Train, dev and held-out: seeded, group-aware, stratified by label, and free of leaks."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from harness.clusters import joined
from harness.text import normalise
from harness.types import Example, Kind


class Cut(NamedTuple):
    """Examples in two parts; no group straddles them."""

    rest: tuple[Example, ...]
    taken: tuple[Example, ...]


def take(
    examples: Sequence[Example], count: int, kind: Kind, seed: int, groups_left: int = 1
) -> Cut:
    """Set `count` examples aside.

    Rows that share a group, or the same question after normalisation, move together. For labels
    the parts keep the label shares as far as groups allow. Order in the file plays no part.

    Args:
        examples: all of them.
        count: how many to take; met as closely as groups allow. Where every group is larger, the
            smallest is taken: a part without rows serves nothing.
        kind: labels are stratified.
        seed: of the shuffle.
        groups_left: so many groups stay at the least.
    """
    groups = tied(examples)
    most = len(groups) - groups_left
    drawn = _draw(groups, count, kind, seed, most)
    if len(drawn) < most and sum(map(len, drawn)) < count:
        drawn += _smallest_too(groups, drawn, count)
    return _parted(examples, drawn)


def at_most(examples: Sequence[Example], most: int, kind: Kind, seed: int) -> tuple[Example, ...]:
    """`most` examples, drawn as `take` does; fewer where groups would go over."""
    groups = tied(examples)
    return _parted(examples, _draw(groups, most, kind, seed, len(groups))).taken


def _draw(
    groups: Sequence[list[Example]], count: int, kind: Kind, seed: int, most_groups: int
) -> list[list[Example]]:
    """Groups of `count` rows together; those larger than what is still owed are passed over."""
    strata: dict[str, list[list[Example]]] = defaultdict(list)
    for rows in groups:
        strata[stratum_of(rows, kind)].append(rows)
    drawn: list[list[Example]] = []
    share = count / max(1, sum(map(len, groups)))
    rng = random.Random(seed)
    owed = 0.0
    for name in sorted(strata):
        members = strata[name]
        rng.shuffle(members)
        # what rounding left over in one stratum is owed to the next, so that the total fits
        owed += sum(len(group) for group in members) * share
        for group in members:
            if owed < 0.5:
                break
            if len(group) <= math.ceil(owed) and len(drawn) < most_groups:
                drawn.append(group)
                owed -= len(group)
    return drawn


def _smallest_too(
    groups: Sequence[list[Example]], drawn: Sequence[list[Example]], count: int
) -> list[list[Example]]:
    """The smallest group left, where it brings the part nearer to its count, or into being."""
    taken = {group[0].id for group in drawn}
    smallest = min((group for group in groups if group[0].id not in taken), key=len)
    missing = count - sum(map(len, drawn))
    nearer = len(smallest) - missing < missing
    return [smallest] if nearer or not drawn else []


def _parted(examples: Sequence[Example], drawn: Sequence[Sequence[Example]]) -> Cut:
    """Both parts in the order of the file."""
    taken = {example.id for group in drawn for example in group}
    return Cut(
        tuple(example for example in examples if example.id not in taken),
        tuple(example for example in examples if example.id in taken),
    )


def without_leaks(train: Sequence[Example], heldout: Sequence[Example]) -> Cut:
    """Training rows whose question, normalised, or whose group is also held out are taken away."""
    questions = {normalise(example.question) for example in heldout}
    groups = {example.group for example in heldout if example.group}

    def leaks(example: Example) -> bool:
        return normalise(example.question) in questions or example.group in groups

    return Cut(
        tuple(example for example in train if not leaks(example)),
        tuple(example for example in train if leaks(example)),
    )


def stratum_of(rows: Sequence[Example], kind: Kind) -> str:
    """The label of tied rows; empty where parts need not keep shares."""
    return rows[0].references[0] if kind == "label" and rows[0].references else ""


def tied(examples: Sequence[Example]) -> list[list[Example]]:
    """Rows tied by their group or by the same question, in order of first appearance."""
    keys = [[("question", normalise(example.question))] for example in examples]
    for own, example in zip(keys, examples, strict=True):
        if example.group:
            own.append(("group", example.group))
    found: dict[int, list[Example]] = defaultdict(list)
    for first, example in zip(joined(keys), examples, strict=True):
        found[first].append(example)
    return list(found.values())
