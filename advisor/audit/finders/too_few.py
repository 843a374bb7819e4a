"""Too few rows to learn from, or to tell the rungs apart."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from advisor.audit.finding import Finder, Finding, Material, Severity, finding, ids, listed
from advisor.numbers import count
from harness.clusters import clusters_of
from harness.stats.power import discordant_needed
from harness.types import Kind


class Gate(NamedTuple):
    """What a number of rows is good for."""

    below: int
    severity: Severity
    meaning: str


HELDOUT_GATES: Final = (
    Gate(30, "warning", "a smoke test: it shows whether everything runs, not which rung is better"),
    Gate(100, "warning", "enough to see large differences only, of about 25 points or more"),
    Gate(300, "info", "enough to see differences of about 10 to 15 points"),
)
"""By sample size, for paired right or wrong answers at 80 % power."""

ENOUGH: Final[dict[Kind, tuple[int, str]]] = {
    "label": (200, "a few hundred"),
    "json": (200, "a few hundred"),
    "text": (100, "about a hundred"),
    "answer": (1000, "a thousand or more"),
}
"""Rows that fine-tuning usually takes for a task of the kind."""

FIRST_GAINS: Final = 50
"""Rows from which it shows clear gains, 50 to 100 by published advice."""

LEAST_PER_LABEL: Final = 5


RUNGS_COMPARED: Final = 5
"""Of a usual check: every pair of them is a comparison."""


def find(material: Material) -> Iterator[Finding]:
    """By held-out rows and their groups, by rows to learn from, and by label."""
    yield from _heldout(material)
    yield from _groups(material)
    yield from _learning(material)
    if material.spec.kind == "label":
        yield from _labels(material)


def _heldout(material: Material) -> Iterator[Finding]:
    n = len(material.heldout)
    for gate in HELDOUT_GATES:
        if 0 < n < gate.below:
            yield Finding(
                "too_few",
                gate.severity,
                n,
                (),
                f"{count(n, 'held-out row')}: {gate.meaning}. Smaller ones will come out as too "
                "close to call.",
                f"Hold out {gate.below:,} rows or more: add examples, or raise heldout under "
                "[data] in rungwise.toml.",
            )
            return


def _groups(material: Material) -> Iterator[Finding]:
    """Rows of one group or document are not independent, so that groups count and not rows."""
    groups = set(clusters_of(material.heldout) or ())
    pairs = RUNGS_COMPARED * (RUNGS_COMPARED - 1) // 2
    needed = discordant_needed(contrasts=2 * pairs)  # as harness.compare counts groups
    if len(groups) < needed and groups:
        yield Finding(
            "too_few",
            "warning",
            len(groups),
            (),
            f"Few groups: the {count(len(material.heldout), 'held-out row')} belong to "
            f"{count(len(groups), 'group or document', 'groups or documents')}, and rows of one "
            f"stand or fall together. With {RUNGS_COMPARED} rungs at least {needed} groups must "
            "differ before any difference can be shown.",
            f"Hold out rows of {2 * needed} groups or more, fewer of each if need be.",
        )


def _learning(material: Material) -> Iterator[Finding]:
    n = len(material.learning)
    enough, usual = ENOUGH[material.spec.kind]
    if not 0 < n < enough:
        return
    answers = material.spec.kind == "answer"
    part = "to learn from" if material.heldout else "before any are held out"
    yield Finding(
        "too_few",
        "warning" if n < FIRST_GAINS else "info",
        n,
        (),
        f"{count(n, 'row')} {part}: fine-tuning usually takes {usual}. If it loses here, that says "
        "little about what it would do with more data."
        + (" Retrieval does not depend on them." if answers else ""),
        f"Collect about {enough:,} rows before you rule fine-tuning out.",
    )


def _labels(material: Material) -> Iterator[Finding]:
    counts = Counter(label for row in material.learning for label in row.references)
    rare = sorted(
        (label for label in counts if counts[label] < LEAST_PER_LABEL),
        key=lambda label: (counts[label], label),
    )
    if rare:
        rows = [row for row in material.learning if set(row.references) & set(rare)]
        yield finding(
            "too_few",
            "warning",
            ids(rows),
            f"Rare labels: {len(rare):,} of {len(counts):,} have fewer than {LEAST_PER_LABEL} rows "
            f"to learn from ({listed(rare)}). What a rung gets right or wrong on them is chance.",
            f"Collect at least {LEAST_PER_LABEL} rows of each, or merge rare labels into one.",
        )
    known = set(counts)
    unseen = [row for row in material.heldout if row.references and not known & set(row.references)]
    if unseen:
        names = sorted({label for row in unseen for label in row.references})
        yield finding(
            "too_few",
            "warning",
            ids(unseen),
            f"Labels without a row to learn from: {listed(names)}, on "
            f"{count(len(unseen), 'held-out row')}. No demonstration shows them and tuning never "
            "sees them, so that these rows are all but lost.",
            "Add rows with these labels to what is learned from.",
        )
    empty = sorted(
        set(material.spec.labels) - {x for row in material.examples for x in row.references}
    )
    if empty and material.examples:
        yield Finding(
            "too_few",
            "info",
            len(empty),
            (),
            f"Labels without any row: {listed(empty)}. They are offered to the model as answers, "
            "and nothing tests them.",
            "Add rows with these labels, or take them off the list under [task] labels.",
        )


FINDER = Finder(("too_few",), find)
