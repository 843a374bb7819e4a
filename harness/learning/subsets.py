"""Smaller training sets out of the whole one: nested, seeded, groups and label shares kept."""

import random
from collections import defaultdict
from collections.abc import Sequence

from harness.split import stratum_of, tied
from harness.types import Example, Kind


def subset(train: Sequence[Example], kind: Kind, count: int, seed: int) -> tuple[Example, ...]:
    """About `count` of the training rows, in their order.

    With one seed a smaller subset is part of every larger one. Rows of a group, or with the same
    question, come together, so the count is met as closely as groups allow.

    Args:
        train: all rows.
        kind: the subsets of labels keep their shares.
        count: rows wanted; all of them gives `train` itself.
        seed: of the order in which rows come in.
    """
    if count >= len(train):
        return tuple(train)
    chosen: set[str] = set()
    for rows in _in_order(train, kind, seed):
        over = len(chosen) + len(rows) - count
        if chosen and over > count - len(chosen):  # nearer without it; and nested: nothing after
            break
        chosen.update(row.id for row in rows)
        if over >= 0:
            break
    return tuple(row for row in train if row.id in chosen)


def _in_order(train: Sequence[Example], kind: Kind, seed: int) -> list[list[Example]]:
    """Tied rows in the order in which they come in; every beginning has about the whole's labels.

    The rows of a label are spread evenly over the order, each label from a random place on.
    """
    rng = random.Random(seed)
    strata: dict[str, list[list[Example]]] = defaultdict(list)
    for rows in tied(train):
        strata[stratum_of(rows, kind)].append(rows)
    placed: list[tuple[float, list[Example]]] = []
    for name in sorted(strata):
        members = strata[name]
        rng.shuffle(members)
        start = rng.random()
        placed += [((at + start) / len(members), rows) for at, rows in enumerate(members)]
    return [rows for _, rows in sorted(placed, key=lambda one: one[0])]
