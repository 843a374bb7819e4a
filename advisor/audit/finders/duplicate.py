"""Rows that say again what another row says."""

from collections.abc import Iterator, Sequence

from advisor.audit.finding import Finder, Finding, Material, asked, finding, ids, out_of
from harness.text import normalise
from harness.types import Example


def find(material: Material) -> Iterator[Finding]:
    """The same question with the same answer, within one side of the split."""
    learning, heldout = repeats(material.learning), repeats(material.heldout)
    if learning or heldout:
        rows = [*learning, *heldout]
        total = len(material.learning) + len(material.heldout)
        where = f", {len(heldout):,} of them held out" if heldout else ""
        yield finding(
            "duplicate",
            "warning" if len(rows) > 0.05 * total else "info",
            ids(rows),
            f"Repeated rows: {out_of(len(rows), total)}{where}. Each has the same question and the "
            "same answer as an earlier row. Repeats count double in training, and in the held-out "
            "set they make a result look surer than it is.",
            "Keep one row of each.",
        )


def repeats(examples: Sequence[Example]) -> list[Example]:
    """Rows that an earlier row makes superfluous."""
    earlier: set[tuple[str, str]] = set()
    found = []
    for example in examples:
        answers = {normalise(text) or text for text in example.references} or {""}
        pairs = {(asked(example), answer) for answer in answers}
        if pairs & earlier:
            found.append(example)
        earlier |= pairs
    return found


FINDER = Finder(("duplicate",), find)
