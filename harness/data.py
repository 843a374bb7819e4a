"""The user's rows to examples, checked against the task; nothing is dropped in silence."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.data_columns import Columns, check, complete
from harness.data_files import Row, read_rows
from harness.errors import Problem
from harness.text import normalise
from harness.types import Example, TaskSpec


class Imported(NamedTuple):
    """What a file gave."""

    examples: tuple[Example, ...]
    problems: tuple[Problem, ...]
    """Rows that cannot be used, each with its number; any of them stops a check."""
    columns: Columns
    """The mapping in use."""


def import_examples(path: Path, columns: Columns, spec: TaskSpec, shown: str = "") -> Imported:
    """Read examples.

    Args:
        path: see `harness.data_files.read_rows`.
        columns: the mapping; what it leaves open is detected.
        spec: kind, labels, schema and abstention decide what a right row is.
        shown: the file's name in problems.
    """
    shown = shown or str(path)
    read = read_rows(path, shown)
    problems = list(read.problems)
    if not read.rows:
        return Imported((), tuple(problems), columns)
    names = list(dict.fromkeys(name for row in read.rows for name in row.fields))
    columns = complete(columns, names)
    missing = check(columns, names, shown)
    if missing:
        return Imported((), (*problems, *missing), columns)
    examples = []
    validate = _validator(spec)
    for row in read.rows:
        found = list(_row_problems(row, columns, spec, validate))
        if found:
            where = f"{shown}, row {row.number}"
            problems.extend(Problem(message, fix, where) for message, fix in found)
        else:
            examples.append(_example(row, columns, spec, Path(shown).stem))
    return Imported(_unique_ids(examples), tuple(problems), columns)


Validate = Callable[[str], tuple[str, str] | None]


def _row_problems(
    row: Row, columns: Columns, spec: TaskSpec, validate: Validate
) -> Iterator[tuple[str, str]]:
    if not _text(row.fields.get(columns.question)):
        yield f"no {columns.question}", "fill it in or leave the row out"
    answer = row.fields.get(columns.answer)
    references = _references(answer, spec)
    unanswerable = spec.kind == "answer" and (answer is None or answer == [])
    if not references and not unanswerable and not _abstains(answer, spec):
        hint = ""
        if spec.kind == "answer":
            hint = "; for a question that has no answer write the [task] abstention sentence"
        yield f"no {columns.answer}", f"fill it in or leave the row out{hint}"
    if not references and not spec.abstention and unanswerable:
        yield (
            "a question without an answer, but the task has no abstention sentence",
            'set abstention = "…" under [task] in rungwise.toml',
        )
    for reference in references:
        wrong = validate(reference)
        if wrong:
            yield wrong
            break


def _example(row: Row, columns: Columns, spec: TaskSpec, stem: str) -> Example:
    fields = row.fields
    answer = fields.get(columns.answer)
    document = fields.get(columns.document) if columns.document else None
    sources = document if isinstance(document, list) else [document]
    return Example(
        id=_text(fields.get(columns.id)) if columns.id else f"{stem}-{row.number}",
        question=_text(fields.get(columns.question)),
        references=_references(answer, spec),
        context_ids=tuple(_text(source) for source in sources if source),
        group=_text(fields.get(columns.group)) if columns.group else "",
        key_facts=_facts(fields.get(columns.key_facts)) if columns.key_facts else (),
        tags=tuple((name, _text(fields.get(name))) for name in columns.tags),
    )


def _references(answer: Any, spec: TaskSpec) -> tuple[str, ...]:
    """Accepted answers; none for a question that the right answer to is the abstention."""
    if answer is None or _abstains(answer, spec):
        return ()
    if spec.kind == "json":
        return (canonical_json(answer),)
    many = answer if isinstance(answer, list) else [answer]
    return tuple(dict.fromkeys(text for text in (_text(one) for one in many) if text))


def _abstains(answer: Any, spec: TaskSpec) -> bool:
    if not spec.abstention or not isinstance(answer, str):
        return False
    return normalise(spec.abstention) in normalise(answer)


def canonical_json(value: Any) -> str:
    """Compact JSON text of an object, or of text that holds one; other text stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
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
        import jsonschema

        checker = jsonschema.Draft202012Validator(json.loads(spec.schema or "{}"))

        def schema(reference: str) -> tuple[str, str] | None:
            try:
                value = json.loads(reference)
            except (json.JSONDecodeError, RecursionError):
                return "the answer is not JSON", "write a JSON object"
            error = next(iter(checker.iter_errors(value)), None)
            if error is None:
                return None
            at = "/".join(str(part) for part in error.absolute_path) or "the whole object"
            return f"{at} breaks the schema: {error.message[:120]}", "mend the row or the schema"

        return schema
    return lambda reference: None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _facts(value: Any) -> tuple[str, ...]:
    """A list as it is; text in a table cell is split at bars."""
    many = value if isinstance(value, list) else str(value or "").split("|")
    return tuple(text for text in (_text(one) for one in many) if text)


def _unique_ids(examples: list[Example]) -> tuple[Example, ...]:
    """Ids identify items across rungs, so repeated ones get a number."""
    import dataclasses

    seen: Counter[str] = Counter()
    out = []
    for example in examples:
        seen[example.id] += 1
        again = seen[example.id] - 1
        name = f"{example.id}~{again}" if again else example.id
        out.append(dataclasses.replace(example, id=name) if again else example)
    return tuple(out)


def fingerprint(*parts: Any) -> str:
    """Hash of content, for instance of a task: equal content, equal hash. 16 hex digits."""
    import msgspec

    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
