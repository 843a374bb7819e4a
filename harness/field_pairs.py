"""Fields that two JSON values have in common, items of lists paired as they fit best.

Bags of (path, value) would call an answer all right that gives the one item's number to the other.
So items are paired first, to the most fields in common, as DocILE scores the lines of invoices
(Šimsa et al. 2023, arXiv 2302.05658) and ANLS* any list (Peer et al. 2024, arXiv 2402.03848).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from harness.json_answers import folded

MOST_PAIRS = 10_000
"""Pairs of items that are held against each other for one answer, copies not counted. Beyond that
items are taken in their order: an answer is not trusted, and could have thousands."""


class Compared(NamedTuple):
    """Fields by path; positions in lists are left out of it: ``/items[]/name``."""

    shared: Counter[str]
    said: Counter[str]
    wanted: Counter[str]


class _Node(NamedTuple):
    """A JSON value without what says nothing."""

    same: int
    """Equal for values that are equal, whatever the order of keys and of items."""
    inside: "Mapping[str, _Node] | Sequence[_Node] | None" = None
    """What is in an object or a list; None for a bare value."""


Inside: TypeAlias = Mapping[str, _Node] | Sequence[_Node] | None


def compare(said: Any, wanted: Any) -> Compared:
    """Which fields of one JSON value another has, lists without order, nested ones too.

    A field is a value that is no object and no list, or an empty list: to leave a list out is not
    to say that it is empty. Text is compared case-folded. Null is the same as absent, and so is an
    object of nothing else: neither counts on either side.

    Raises:
        RecursionError: one is nested beyond all measure.
    """
    numbers: dict[Hashable, int] = {}
    one, other = _read(said, numbers), _read(wanted, numbers)
    shared = _Pairing().shared(one, other, "") if one and other else Counter[str]()
    return Compared(shared, _fields(one, ""), _fields(other, ""))


def _read(value: Any, numbers: dict[Hashable, int]) -> _Node | None:
    """A value as it is compared; None where it says nothing.

    Args:
        value: JSON.
        numbers: those given so far, by what they stand for.
    """
    key: Hashable
    inside: Inside = None
    # loops and no comprehensions: each of those takes as much of the stack again
    if isinstance(value, dict):
        members: dict[str, _Node] = {}
        for name, one in value.items():
            if node := _read(one, numbers):
                members[name] = node
        if not members:
            return None
        inside, key = members, frozenset((name, node.same) for name, node in members.items())
    elif isinstance(value, list):
        items: list[_Node] = []
        for one in value:
            if node := _read(one, numbers):
                items.append(node)
        inside, key = items, tuple(sorted(node.same for node in items))
    elif value is None:
        return None
    else:
        key = folded(value)
    return _Node(numbers.setdefault(key, len(numbers)), inside)


def _fields(node: _Node | None, path: str) -> Counter[str]:
    found = Counter[str]()
    if node is None:
        return found
    if not node.inside:
        found[path] += 1
        return found
    for below, one in _below(node, path):
        found.update(_fields(one, below))
    return found


def _below(node: _Node, path: str) -> Iterable[tuple[str, _Node]]:
    if isinstance(node.inside, Mapping):
        return ((f"{path}/{name}", one) for name, one in node.inside.items())
    return ((f"{path}[]", one) for one in node.inside or ())


class _Pairing:
    """One comparison, with what it may still spend."""

    def __init__(self) -> None:
        self.left = MOST_PAIRS

    def shared(self, said: _Node, wanted: _Node, path: str) -> Counter[str]:
        """Fields in common, by path."""
        if said.same == wanted.same:
            return _fields(wanted, path)
        mine, theirs = said.inside, wanted.inside
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found = Counter[str]()
            for name, node in theirs.items():
                if name in mine:
                    found.update(self.shared(mine[name], node, f"{path}/{name}"))
            return found
        if isinstance(mine, list) and isinstance(theirs, list):
            return self._of_items(mine, theirs, f"{path}[]")
        return Counter()

    def _of_items(self, said: Sequence[_Node], wanted: Sequence[_Node], path: str) -> Counter[str]:
        """Equal items go together, which no better pairing can beat; then the rest as fits best."""
        found = Counter[str]()
        open_ones = defaultdict[int, list[_Node]](list)
        for one in wanted:
            open_ones[one.same].append(one)
        mine = []
        for one in said:
            if open_ones[one.same]:
                found.update(_fields(open_ones[one.same].pop(), path))
            elif one.inside:  # bare values that differ have nothing in common
                mine.append(one)
        theirs = [one for some in open_ones.values() for one in some if one.inside]
        for each in self._paired(mine, theirs, path):
            found.update(each)
        return found

    def _paired(
        self, mine: Sequence[_Node], theirs: Sequence[_Node], path: str
    ) -> list[Counter[str]]:
        """What each pair of items shares, of the pairing that shares the most fields."""
        if len(mine) * len(theirs) > self.left:
            both = zip(mine, theirs, strict=False)
            return [self.shared(one, other, path) for one, other in both]
        self.left -= len(mine) * len(theirs)
        table = [[self.shared(one, other, path) for other in theirs] for one in mine]
        if len(mine) < 2 and len(theirs) < 2:
            return [one for row in table for one in row]

        from scipy.optimize import linear_sum_assignment

        if not mine or not theirs:
            return []
        rows, columns = linear_sum_assignment(
            [[one.total() for one in row] for row in table], maximize=True
        )
        return [table[row][column] for row, column in zip(rows, columns, strict=True)]
