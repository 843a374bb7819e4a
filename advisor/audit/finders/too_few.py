"""Too few rows to learn from, or to tell the rungs apart."""

from collections import Counter
from collections.abc import Iterator, Set
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, Severity, finding, ids, listed
from advisor.numbers import count
from advisor.showing_words import showing_sentence
from harness.showing import showing
from harness.types import Kind

HELDOUT_GATES: Final[tuple[tuple[int, Severity], ...]] = (
    (30, "warning"), (100, "warning"), (300, "info")
)  # fmt: skip
"""Held-out rows below which that is said, and how loud."""

SMOKE: Final = 30
"""Rows below which a check shows whether everything runs, not which rung is better."""

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


def find(material: Material) -> Iterator[Finding]:
    """By held-out rows and their groups, by rows to learn from, and by label."""
    yield from _heldout(material)
    yield from _learning(material)
    if material.spec.kind == "label":
        yield from _labels(material)


def _heldout(material: Material) -> Iterator[Finding]:
    """What the held-out set can show, and rows of groups: they are not independent."""
    shown = showing(material.heldout, material.spec)
    said = showing_sentence(shown, material.rungs)
    needed = shown.needed(material.rungs)
    if not said:
        return
    if shown.groups is not None and shown.groups < needed:
        yield Finding(
            "too_few",
            "warning",
            shown.groups,
            (),
            f"{said} Rows of one group or document stand or fall together.",
            f"Hold out rows of {2 * needed} groups or more, fewer of each if need be.",
        )
        return
    n = shown.questions
    for below, severity in HELDOUT_GATES:
        if n < below:
            smoke = " That is a smoke test, not a comparison." if n < SMOKE else ""
            yield Finding(
                "too_few",
                severity,
                n,
                (),
                f"{said}{smoke}",
                f"Hold out {below:,} rows or more: add examples, or raise heldout under [data] in "
                "rungwise.toml.",
            )
            return


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
    yield from _unseen(material, set(counts))
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


def _unseen(material: Material, known: Set[str]) -> Iterator[Finding]:
    """Held-out rows of labels that no row learned from has.

    Where the task names no labels, the model is offered those that it learns from, and no other.
    """
    rows = [row for row in material.heldout if row.references and not known & set(row.references)]
    offered = set(material.spec.labels)
    for some, lost, also in (
        (
            [row for row in rows if offered & set(row.references)],
            "No demonstration shows them and tuning never sees them, so that these rows are all "
            "but lost.",
            "",
        ),
        (
            [row for row in rows if not offered & set(row.references)],
            "The model is not offered them as answers either, so that these rows count as wrong "
            "whatever it says.",
            ", or name all labels under [task] labels in rungwise.toml",
        ),
    ):
        if some:
            names = sorted({label for row in some for label in row.references})
            yield finding(
                "too_few",
                "warning",
                ids(some),
                f"Labels without a row to learn from: {listed(names)}, on "
                f"{count(len(some), 'held-out row')}. {lost}",
                f"Add rows with these labels to what is learned from{also}.",
            )


FINDER = Finder(("too_few",), find)
