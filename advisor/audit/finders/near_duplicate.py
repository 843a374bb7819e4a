"""Learning rows that are near copies of each other."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, ids, out_of
from advisor.audit.near import CopyIndex, distinct_questions
from harness.types import Example


def find(material: Material) -> Iterator[Finding]:
    """Rows that ask nearly the same as an earlier one, and are answered alike."""
    index = CopyIndex(material.learning, material.spec)
    copies: list[Example] = []
    first: dict[str, Example] = {}
    for example in distinct_questions(material.learning):
        original = index.find(example)
        if original is not None:
            copies.append(example)
            first[example.id] = original
        index.add(example)
    if copies:
        total = len(material.learning)
        pair = f"{copies[0].id} and {first[copies[0].id].id}"
        yield finding(
            "near_duplicate",
            "warning" if len(copies) > 0.2 * total else "info",
            ids(copies),
            f"Near copies: {out_of(len(copies), total)} to learn from differ from an earlier row "
            f"by little more than spelling or word order, for instance {pair}. They teach little "
            "that is new, so that the data is smaller than it looks.",
            "Keep them if users really write both; otherwise keep one of each.",
        )


FINDER = Finder(("near_duplicate",), find)
