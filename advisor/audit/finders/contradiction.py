"""Rows that ask the same and are answered differently."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, islice
from typing import Final

from advisor.audit.answers import contradict
from advisor.audit.finding import Finder, Finding, Material, asked, finding, ids, out_of
from harness.types import Example

_MOST_COMPARED: Final = 40
"""Different answers to one question that are compared; where the question is the same sentence in
every row, each with each would take hours."""


def find(material: Material) -> Iterator[Finding]:
    """Rows of the same question of which at least two cannot both be right."""
    same: dict[str, list[Example]] = defaultdict(list)
    for example in material.examples:
        same[asked(example)].append(example)
    clashing = []
    for rows in same.values():
        distinct = {row.references: row for row in rows}
        pairs = combinations(islice(distinct.values(), _MOST_COMPARED), 2)
        if any(contradict(a, b, material.spec) for a, b in pairs):
            clashing.append(rows)
    if clashing:
        rows = [row for group in clashing for row in group]
        pair = " and ".join(row.id for row in clashing[0][:2])
        yield finding(
            "contradiction",
            "warning",
            ids(rows),
            f"Contradictions: {out_of(len(rows), len(material.examples))} ask the same as another "
            f"row and are answered differently, for instance {pair}. A model cannot be right on "
            "both, and learns from them that either will do.",
            "Decide on one answer for each question, or add to the question what the answer "
            "depends on.",
        )


FINDER = Finder(("contradiction",), find)
