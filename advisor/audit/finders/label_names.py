"""Labels that are spelt in two ways, or are two labels in one."""

import re
from collections import defaultdict
from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, ids, listed, out_of
from harness.text import normalise
from harness.types import Example


def find(material: Material) -> Iterator[Finding]:
    """Odd names among the labels that occur."""
    if material.spec.kind != "label":
        return
    rows = [row for row in material.examples if row.references]
    labels = {label for row in rows for label in row.references}
    joined = sorted(label for label in labels if _is_joined(label, labels))
    if joined:
        odd = [row for row in rows if set(row.references) & set(joined)]
        yield finding(
            "label_noise",
            "warning",
            ids(odd),
            f"Two labels in one: {out_of(len(odd), len(rows))} have a label such as "
            f"{listed(joined)}. Each such combination is scored as a label of its own, so that "
            "naming one of its two parts counts as wrong.",
            "Give each row the one label that matters, or write the accepted labels as a list.",
        )
    spelt: dict[str, list[str]] = defaultdict(list)
    for label in sorted(labels):
        spelt[normalise(label.replace("_", " "), "") or label].append(label)
    twins = [names for names in spelt.values() if len(names) > 1]
    if twins:
        names = {name for group in twins for name in _rarer(group, rows)}
        odd = [row for row in rows if set(row.references) & names]
        yield finding(
            "label_noise",
            "warning",
            ids(odd),
            "Labels that differ only in case, spaces or punctuation: "
            f"{listed([' and '.join(group) for group in twins])}. They are scored as different "
            "labels.",
            "Spell each label in one way; the rows listed have the rarer spelling.",
        )


def _rarer(spellings: list[str], rows: list[Example]) -> list[str]:
    """All but the commonest spelling; every one where they are equally common."""
    counts = {name: sum(name in row.references for row in rows) for name in spellings}
    most = max(counts.values())
    return [name for name in spellings if counts[name] < most] or spellings


def _is_joined(label: str, labels: set[str]) -> bool:
    parts = [part.strip() for part in re.split(r"[+|/;,&]", label)]
    return len(parts) > 1 and all(part in labels for part in parts)


FINDER = Finder(("label_noise",), find)
