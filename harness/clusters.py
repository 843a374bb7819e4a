"""Which items stand or fall together: they count as fewer than they are."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from harness.types import Example

ENOUGH = 10
"""Clusters, counted as so many of equal size, below which an interval says next to nothing."""
FEW = 5
"""Documents that do not stand for others: with so few clusters no interval would say anything."""


def joined(keys: Sequence[Iterable[Hashable]]) -> list[int]:
    """The number of the first item that each item hangs together with.

    Args:
        keys: of each item. Items with a key in common belong together, and so do those that
            others join.
    """
    parent = list(range(len(keys)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    first: dict[Hashable, int] = {}
    for item, own in enumerate(keys):
        for key in own:
            one, other = sorted((root(item), root(first.setdefault(key, item))))
            parent[other] = one
    return [root(item) for item in range(len(keys))]


def clusters_of(heldout: Sequence[Example]) -> list[str] | None:
    """What each item belongs to, named by its first item; None where all stand alone.

    Items that share a group or a document belong together, and so do those that others join.
    Where that ties nearly all into one, as when many customers ask about many documents, one of
    the two counts, the one that leaves fewer clusters: DECISIONS.md says how often intervals then
    hold. Fewer than `FEW` documents are no sample of documents: the result speaks for questions
    about these, which stand alone in that respect.
    """
    groups = [[("group", one.group)] if one.group else [] for one in heldout]
    named = {name for one in heldout for name in one.context_ids}
    documents = [
        [("document", name) for name in one.context_ids] if len(named) >= FEW else []
        for one in heldout
    ]
    both = list(zip(groups, documents, strict=True))
    found = joined([[*group, *pages] for group, pages in both])
    if _as_equal(found) < ENOUGH:
        by_group = joined([group or pages[:1] for group, pages in both])
        by_document = joined([pages[:1] or group for group, pages in both])
        found = min(by_group, by_document, key=lambda one: len(set(one)))
    return [heldout[first].id for first in found] if len(set(found)) < len(found) else None


def _as_equal(found: Sequence[int]) -> float:
    """How many clusters of equal size would tell as much: 1 / the sum of squared shares."""
    sizes = Counter(found).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes) if sizes else 0.0
