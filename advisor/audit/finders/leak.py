"""Held-out rows that can be answered from memory."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, ids, out_of
from advisor.audit.near import CopyIndex, distinct_questions


def find(material: Material) -> Iterator[Finding]:
    """Rows on both sides of the split, taken out already; near copies across it, still there."""
    if material.leaked:
        total = len(material.learning) + len(material.leaked)
        yield finding(
            "leak",
            "warning",
            ids(material.leaked),
            f"Rows to learn from that are also held out: {out_of(len(material.leaked), total)}, by "
            "their question or their group. This check leaves them out of training. A score that "
            "was measured with them in was partly a test of memory, and too high.",
            "Take them out of one of the two files.",
        )
    index = CopyIndex((*material.learning, *material.heldout), material.spec)
    for example in distinct_questions(material.learning):
        index.add(example)
    copies = [(example, copy) for example in material.heldout if (copy := index.find(example))]
    if copies:
        example, copy = copies[0]
        yield finding(
            "leak",
            "warning",
            [example.id for example, _ in copies],
            f"Held-out rows with a near copy to learn from: "
            f"{out_of(len(copies), len(material.heldout))}, for instance {example.id} and "
            f"{copy.id}. A tuned model, and demonstrations chosen for their likeness, can answer "
            "them from memory: the score may promise more than new questions will keep.",
            "Give a row and its copies the same value in one column and name that column as group "
            "under [data] in rungwise.toml.",
        )


FINDER = Finder(("leak",), find)
