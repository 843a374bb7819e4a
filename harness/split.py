"""Train, dev and held-out: seeded, group-aware, stratified by label, and free of leaks."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from harness.text import normalise
from harness.types import Example, Kind


class Cut(NamedTuple):
    """Examples in two parts; no group straddles them."""

    rest: tuple[Example, ...]
    taken: tuple[Example, ...]


def take(examples: Sequence[Example], count: int, kind: Kind, seed: int) -> Cut:
    """Set `count` examples aside.

    Rows that share a group, or the same question after normalisation, move together. For labels
    the parts keep the label shares as far as groups allow. Order in the file plays no part.

    Args:
        examples: all of them.
        count: how many to take; met as closely as groups allow, never the whole.
        kind: labels are stratified.
        seed: of the shuffle.
    """
    groups = tied(examples)
    strata: dict[str, list[list[Example]]] = defaultdict(list)
    for group in groups:
        stratum = group[0].references[0] if kind == "label" and group[0].references else ""
        strata[stratum].append(group)
    taken: set[str] = set()
    share = count / max(1, len(examples))
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
            if len(group) <= math.ceil(owed) and len(taken) + len(group) < len(examples):
                taken.update(example.id for example in group)
                owed -= len(group)
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


def tied(examples: Sequence[Example]) -> list[list[Example]]:
    """Rows tied by their group or by the same question, in order of first appearance."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    keys = [f"q:{normalise(example.question)}" for example in examples]
    for key, example in zip(keys, examples, strict=True):
        if example.group:
            parent[root(key)] = root(f"g:{example.group}")
    found: dict[str, list[Example]] = defaultdict(list)
    for key, example in zip(keys, examples, strict=True):
        found[root(key)].append(example)
    return list(found.values())
