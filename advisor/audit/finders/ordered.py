"""A file that is sorted by label."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from advisor.audit.finding import Finder, Finding, Material


def find(material: Material) -> Iterator[Finding]:
    """Far fewer changes of label from row to row than in a shuffled file."""
    labels = [row.references[0] for row in material.examples if row.references]
    if material.spec.kind != "label" or len(labels) < 2:
        return
    n = len(labels)
    changes = sum(a != b for a, b in pairwise(labels))
    same = sum(count * (count - 1) for count in Counter(labels).values()) / (n * (n - 1))
    expected = (n - 1) * (1 - same)
    if expected >= 10 and changes < expected / 2:
        yield Finding(
            "ordered",
            "info",
            n,
            (),
            f"The rows are sorted by label: from row to row the label changes {changes:,} times, "
            f"where a shuffled file would change about {round(expected):,} times. This check "
            "shuffles before it splits, so that its result does not suffer. Whoever holds out the "
            "last rows of the file tests on labels that were never learned.",
            "Shuffle the file before it is used anywhere else.",
        )


FINDER = Finder(("ordered",), find)
