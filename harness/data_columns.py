"""Which column means what: guessed from the names, shown to the user, corrected by the user."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from harness.errors import Problem

ALIASES: Mapping[str, tuple[str, ...]] = {
    "question": (
        "question", "query", "prompt", "input", "user_input", "text", "message", "utterance",
        "instruction", "source", "sentence", "request", "nl", "article", "message_1",
    ),
    "answer": (
        "answers", "answer", "label", "category", "intent", "output", "response", "completion",
        "expected_output", "reference", "reference_answer", "ground_truth", "expectedanswer",
        "target", "generation_gt", "json", "summary", "cmd", "message_2",
    ),
    "id": ("id", "qid", "_id", "uid"),
    "group": ("group", "cluster", "conversation_id", "thread_id", "fact"),
    "document": ("doc", "document", "source_file", "source_doc", "file", "doc_id", "context_id"),
    "key_facts": ("key_facts", "facts", "must_contain", "expected_facts"),
}  # fmt: skip
"""Names seen in the formats of the field's tools, most telling first."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns in the user's files; empty = there is none."""

    question: str = ""
    answer: str = ""
    id: str = ""
    group: str = ""
    """Rows with the same value never straddle a split."""
    document: str = ""
    """The document that holds the answer, as its path in the documents folder."""
    key_facts: str = ""
    """Strings that a right answer must contain."""
    tags: tuple[str, ...] = ()
    """Columns to slice results by."""


def detect(names: Iterable[str]) -> Columns:
    """Guess the columns by name; a name is used once."""
    left = {name.lower().strip(): name for name in names}
    found: dict[str, Any] = {}
    for role, aliases in ALIASES.items():
        for alias in aliases:
            if alias in left:
                found[role] = left.pop(alias)
                break
    return Columns(**found)


def complete(columns: Columns, names: Iterable[str]) -> Columns:
    """Fill what the user left open by detection; what they wrote stays.

    Question and answer are always needed and so always filled; the others only where the user
    mapped no column at all, so that leaving one out can be meant.
    """
    guess = detect(names)
    untouched = columns == Columns()
    values: dict[str, Any] = {}
    for field in fields(Columns):
        given = getattr(columns, field.name)
        needed = field.name in ("question", "answer") or untouched
        values[field.name] = given or (getattr(guess, field.name) if needed else given)
    return Columns(**values)


def check(columns: Columns, names: Sequence[str], shown: str) -> list[Problem]:
    """One problem for each column that is needed or named and not there."""
    there = ", ".join(names) or "none"
    problems = []
    for field in fields(Columns):
        given = getattr(columns, field.name)
        for name in (given,) if isinstance(given, str) else given:
            if name and name not in names:
                problems.append(
                    Problem(
                        f"there is no column {name!r} (columns: {there})",
                        f"set {field.name} under [data.columns] in rungwise.toml",
                        shown,
                    )
                )
    for role in ("question", "answer"):
        if not getattr(columns, role):
            problems.append(
                Problem(
                    f"no column looks like the {role} (columns: {there})",
                    f'write {role} = "…" under [data.columns] in rungwise.toml',
                    shown,
                )
            )
    return problems
