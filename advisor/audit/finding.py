"""What the audit looks at, what it reports, and what a finder is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from advisor.numbers import percent
from advisor.showing_words import USUAL_RUNGS
from harness.errors import Problem
from harness.text import normalise
from harness.types import Example, Preference, TaskSpec
from rag.types import Document

Severity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""Worst first. An error stops a check."""
SEVERITY_WORDS: Final[Mapping[Severity, str]] = {
    "error": "must fix",
    "warning": "should know",
    "info": "fine",
}

MOST_ROWS: Final = 50
"""Most rows that a finding lists; it counts them all."""


@dataclass(frozen=True, slots=True)
class Mend:
    """The settings that mend a finding, for whoever decides that they should."""

    words: str
    """What it does, as a button says it."""
    settings: tuple[tuple[str, str, str], ...]
    """Section, key and value of each setting that it writes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is odd about the data, and what it does to the result."""

    code: str
    severity: Severity
    count: int
    """How many rows or documents it concerns."""
    rows: tuple[str, ...]
    """Ids of examples, sources of documents, or places in files; the first `MOST_ROWS`."""
    message: str
    """What is so, with the figure, and what it means for the result. No text of the user's rows
    that could be personal."""
    fix: str
    """One step that mends it."""
    mend: Mend | None = None
    """The same where a setting alone does it, to be done at a press."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All findings, the worst first."""

    examples: int
    """Rows that could be read."""
    documents: int
    """Files of documents that could be read."""
    findings: tuple[Finding, ...]
    preferences: int = 0
    """Preference pairs that could be read."""

    @property
    def personal(self) -> tuple[Finding, ...]:
        """The findings of personal data."""
        return tuple(found for found in self.findings if found.code == "pii")


@dataclass(frozen=True, slots=True)
class Material:
    """What finders look at."""

    spec: TaskSpec
    problems: tuple[Problem, ...]
    """What the import could not use."""
    examples: tuple[Example, ...]
    """All rows that could be read, in the order of the files."""
    learning: tuple[Example, ...]
    """Rows that a rung learns from or is adjusted on; all rows while there is no split."""
    heldout: tuple[Example, ...]
    """Empty while there is no split."""
    leaked: tuple[Example, ...]
    """Rows taken out of the learning rows because they are also held out."""
    documents: tuple[Document, ...]
    context_tokens: int | None
    """Tokens that the model takes in one go, prompt and answer together; None = not known."""
    pairs: tuple[Preference, ...] = ()
    """All preference pairs that could be read."""
    leaked_pairs: tuple[Preference, ...] = ()
    """Of them, those left out because they are also held out."""
    left_out: tuple[Problem, ...] = ()
    """What rows lack that were left out for it, as the user allows."""
    gaps: tuple[Problem, ...] = ()
    """Parts that could not be read of documents that were read otherwise."""
    rungs: int = USUAL_RUNGS
    """How many rungs a check of this data compares."""
    answer_tokens: int | None = None
    """Tokens that no answer of a rung may pass, whatever the examples' have; None = not known."""


Find = Callable[[Material], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for one kind of thing."""

    codes: tuple[str, ...]
    """Codes of what it can report."""
    find: Find


def finding(
    code: str,
    severity: Severity,
    rows: Sequence[str],
    message: str,
    fix: str,
    mend: Mend | None = None,
) -> Finding:
    """A finding about some rows: counts all of them, lists the first."""
    return Finding(code, severity, len(rows), tuple(rows[:MOST_ROWS]), message, fix, mend)


def ids(examples: Sequence[Example]) -> list[str]:
    """Ids of examples, in order."""
    return [example.id for example in examples]


def asked(example: Example) -> str:
    """The question as the split compares it; as it stands where normalising leaves nothing."""
    return normalise(example.question) or example.question


def out_of(count: int, total: int, what: str = "rows") -> str:
    """A count with its share, for instance ``12 of 1,300 rows (1 %)``."""
    share = count / total if total else 0.0
    shown = "under 1 %" if 0 < share < 0.01 else percent(share)
    return f"{count:,} of {total:,} {what} ({shown})"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Some of the names, and how many there are more."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
