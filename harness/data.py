"""The user's rows to examples, checked against the task; nothing is dropped in silence."""

import dataclasses
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from harness.data_columns import Columns, check, complete
from harness.data_files import Row, read_rows
from harness.errors import Problem
from harness.json_answers import parse_object, schema_validator
from harness.text import holds
from harness.types import Example, Preference, TaskSpec

HALF_LETTER = re.compile(r"[\ud800-\udfff]")
"""JSON can spell these out, but no file can hold them."""


class Imported(NamedTuple):
    """What a file gave."""

    examples: tuple[Example, ...]
    problems: tuple[Problem, ...]
    """Rows that cannot be used, each with its number; any of them stops a check."""
    columns: Columns
    """The mapping in use."""
    names: tuple[str, ...] = ()
    """Of all columns in the file."""
    left_out: tuple[Problem, ...] = ()
    """What is missing in rows that were left out, as the user allows it; one a row."""


def import_examples(
    path: Path, columns: Columns, spec: TaskSpec, shown: str = "", *, leave_out: bool = False
) -> Imported:
    """Read examples.

    Args:
        path: see `harness.data_files.read_rows`.
        columns: the mapping; what it leaves open is detected.
        spec: kind, labels, schema and abstention decide what a right row is.
        shown: the file's name in problems.
        leave_out: rows without a question or an answer, instead of refusing them.
    """
    shown = shown or str(path)
    read = read_rows(path, shown)
    problems = list(read.problems)
    if not read.rows:
        return Imported((), tuple(problems), columns)
    names = tuple(dict.fromkeys(name for row in read.rows for name in row.fields))
    columns = complete(columns, names)
    missing = check(columns, names, shown)
    if missing:
        return Imported((), (*problems, *missing), columns, names)
    examples, left_out = [], []
    validate = _validator(spec)
    for row in read.rows:
        where = f"{shown}, row {row.number}"
        found = list(_gaps(row, columns, spec))
        if found and leave_out:
            left_out.append(Problem(*found[0], where))
            continue
        found += _row_problems(row, columns, spec, validate)
        if found:
            problems.extend(Problem(message, fix, where) for message, fix in found)
        else:
            examples.append(_example(row, columns, spec, Path(shown).stem))
    return Imported(unique_ids(examples), tuple(problems), columns, names, tuple(left_out))


_LEAVE_OUT = 'leave such rows out: incomplete = "leave_out" under [data] in rungwise.toml'
Validate = Callable[[str], tuple[str, str] | None]


def _gaps(row: Row, columns: Columns, spec: TaskSpec) -> Iterator[tuple[str, str]]:
    """What a row lacks: its question, or an answer where the task does not say what none means."""
    if not text_of(row.fields.get(columns.question)):
        yield f"no {columns.question}", f"fill it in, or {_LEAVE_OUT}"
    answer = row.fields.get(columns.answer)
    references = _references(answer, spec)
    unanswerable = spec.kind == "answer" and (answer is None or answer == [])
    if not references and not unanswerable and not _abstains(answer, spec):
        hint = ""
        if spec.kind == "answer":
            hint = "; for a question that has no answer write the [task] abstention sentence"
        yield f"no {columns.answer}", f"fill it in, or {_LEAVE_OUT}{hint}"
    if not references and not spec.abstention and unanswerable:
        yield (
            "a question without an answer, but the task has no abstention sentence",
            f'set abstention = "…" under [task] in rungwise.toml, or {_LEAVE_OUT}',
        )


def _row_problems(
    row: Row, columns: Columns, spec: TaskSpec, validate: Validate
) -> Iterator[tuple[str, str]]:
    """What is wrong with what a row has."""
    for reference in _references(row.fields.get(columns.answer), spec):
        wrong = validate(reference)
        if wrong:
            yield wrong
            break
    if HALF_LETTER.search(json.dumps(row.fields, ensure_ascii=False, default=str)):
        yield "half a letter (a lone surrogate) in the text", "write the row again from its source"


def _example(row: Row, columns: Columns, spec: TaskSpec, stem: str) -> Example:
    fields = row.fields
    answer = fields.get(columns.answer)
    document = fields.get(columns.document) if columns.document else None
    sources = document if isinstance(document, list) else [document]
    return Example(
        id=(text_of(fields.get(columns.id)) if columns.id else "") or f"{stem}-{row.number}",
        question=text_of(fields.get(columns.question)),
        references=_references(answer, spec),
        context_ids=tuple(text_of(source) for source in sources if source),
        group=text_of(fields.get(columns.group)) if columns.group else "",
        key_facts=_facts(fields.get(columns.key_facts)) if columns.key_facts else (),
        tags=tuple((name, text_of(fields.get(name))) for name in columns.tags),
    )


def _references(answer: Any, spec: TaskSpec) -> tuple[str, ...]:
    """Accepted answers; none for a question that the right answer to is the abstention."""
    if not text_of(answer) or _abstains(answer, spec):
        return ()
    if spec.kind == "json":
        return (canonical_json(answer),)
    many = answer if isinstance(answer, list) else [answer]
    return tuple(dict.fromkeys(text for text in (text_of(one) for one in many) if text))


def _abstains(answer: Any, spec: TaskSpec) -> bool:
    if not spec.abstention or not isinstance(answer, str):
        return False
    return holds(answer, spec.abstention, spec.language)


def canonical_json(value: Any) -> str:
    """Compact JSON text of an object, or of text that holds one; other text stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value).strip()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _validator(spec: TaskSpec) -> Validate:
    """Checks one reference against the label set or the schema."""
    if spec.kind == "label" and spec.labels:
        known = set(spec.labels)

        def label(reference: str) -> tuple[str, str] | None:
            if reference in known:
                return None
            return f"label {reference!r} is not in the list", "add it under [task] labels, or mend"

        return label
    if spec.kind == "json":
        import referencing.exceptions

        checker = schema_validator(spec.schema)

        def schema(reference: str) -> tuple[str, str] | None:
            value = parse_object(reference)
            if value is None:
                return "the answer is not JSON", "write a JSON object"
            try:
                error = next(iter(checker.iter_errors(value)), None)
            except referencing.exceptions.Unresolvable as missing:
                return f"the schema has no definition {missing.ref}", "write it into the schema"
            if error is None:
                return None
            at = "/".join(str(part) for part in error.absolute_path) or "the whole object"
            return f"{at} breaks the schema: {error.message[:120]}", "mend the row or the schema"

        return schema
    return lambda reference: None


def text_of(value: Any) -> str:
    """A field as text; empty where there is nothing in it."""
    if value is None or value != value:  # nan, which tables hold where a cell is empty
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _facts(value: Any) -> tuple[str, ...]:
    """A list as it is; text in a table cell is split at bars."""
    many = value if isinstance(value, list) else str(value or "").split("|")
    return tuple(text for text in (text_of(one) for one in many) if text)


One = TypeVar("One", Example, Preference)


def unique_ids(examples: Iterable[One], taken: Collection[str] = frozenset()) -> tuple[One, ...]:
    """Ids identify items across rungs, so repeated ones get a number.

    Args:
        examples: keep their order, and their id where they are the first to have it.
        taken: ids that are given away already.
    """
    examples = tuple(examples)
    given = {example.id for example in examples}
    again: Counter[str] = Counter()
    seen, out = set(taken), []
    for example in examples:
        name = example.id
        while name in seen or (name != example.id and name in given):
            again[example.id] += 1
            name = f"{example.id}~{again[example.id]}"
        seen.add(name)
        out.append(dataclasses.replace(example, id=name) if name != example.id else example)
    return tuple(out)


def fingerprint(*parts: Any) -> str:
    """Hash of content, for instance of a task: equal content, equal hash. 16 hex digits."""
    import msgspec

    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
