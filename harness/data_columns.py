"""Which column means what: guessed from the names, shown to the user, corrected by the user."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

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


PAIR_ALIASES: Mapping[str, tuple[str, ...]] = {
    "question": ("prompt", "question", "query", "instruction", "input", "user_input", "message"),
    "chosen": ("chosen", "preferred", "better", "accepted", "winner", "text"),
    "rejected": ("rejected", "rejected_text", "dispreferred", "worse", "loser"),
    "id": ALIASES["id"],
    "group": ALIASES["group"],
}
"""The same for preference pairs."""


@dataclass(frozen=True, slots=True)
class PairColumns:
    """Names of the columns in the user's file of preference pairs; empty = there is none."""

    question: str = ""
    chosen: str = ""
    """The better answer."""
    rejected: str = ""
    id: str = ""
    group: str = ""
    """See `Columns`."""


class _Form(NamedTuple):
    """What a kind of mapping is looked up and written by."""

    aliases: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    section: str


_FORMS: Mapping[type, _Form] = {
    Columns: _Form(ALIASES, ("question", "answer"), "[data.columns]"),
    PairColumns: _Form(
        PAIR_ALIASES, ("question", "chosen", "rejected"), "[data.preference_columns]"
    ),
}
Mapped = TypeVar("Mapped", Columns, PairColumns)


def looks_like_pairs(names: Iterable[str]) -> bool:
    """Whether columns of these names hold preference pairs."""
    found = detect_as(PairColumns, names)
    return bool(found.question and found.chosen and found.rejected)


def detect(names: Iterable[str]) -> Columns:
    """Guess the columns of examples by name; a name is used once."""
    return detect_as(Columns, names)


def detect_as(kind: type[Mapped], names: Iterable[str]) -> Mapped:
    """The same for either kind of mapping."""
    left = {name.lower().strip(): name for name in names}
    found: dict[str, Any] = {}
    for role, aliases in _FORMS[kind].aliases.items():
        for alias in aliases:
            if alias in left:
                found[role] = left.pop(alias)
                break
    return kind(**found)


def complete(columns: Mapped, names: Iterable[str]) -> Mapped:
    """Fill what the user left open by detection; what they wrote stays.

    What is always needed is always filled; the others only where the user mapped no column, so that
    leaving one out can be meant.
    """
    kind = type(columns)
    guess = detect_as(kind, names)
    untouched = is_unmapped(columns)
    values: dict[str, Any] = {}
    for field in fields(kind):
        given = getattr(columns, field.name)
        needed = field.name in _FORMS[kind].needed or untouched
        values[field.name] = given or (getattr(guess, field.name) if needed else given)
    return kind(**values)


def is_unmapped(columns: Columns | PairColumns) -> bool:
    """Whether the user named no column; that of groups is a setting of the split as well."""
    return replace(columns, group="") == type(columns)()


def check(columns: Columns | PairColumns, names: Sequence[str], shown: str) -> list[Problem]:
    """One problem for each column that is needed or named and not there."""
    there = ", ".join(names) or "none"
    form = _FORMS[type(columns)]
    problems = []
    for field in fields(columns):
        given = getattr(columns, field.name)
        for name in (given,) if isinstance(given, str) else given:
            if name and name not in names:
                problems.append(
                    Problem(
                        f"there is no column {name!r} (columns: {there})",
                        f"set {field.name} under {form.section} in rungwise.toml",
                        shown,
                    )
                )
    for role in form.needed:
        if not getattr(columns, role):
            problems.append(
                Problem(
                    f"no column looks like the {role} (columns: {there})",
                    f'write {role} = "…" under {form.section} in rungwise.toml',
                    shown,
                )
            )
    return problems
