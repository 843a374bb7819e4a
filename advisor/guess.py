"""What the files are that a project is made from: which hold examples, pairs, or documents."""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from advisor.abstaining_answers import abstention_among
from advisor.column_guess import by_place, columns_of, names_of, open_roles, shared_apart
from advisor.few_answers import LONGEST_LABEL
from advisor.pairs_file import PairsFile, pairs_among
from advisor.schema_draft import draft_schema
from harness.data import canonical_json, text_of
from harness.data_columns import Columns
from harness.data_files import READERS, Row, Rows, read_rows
from harness.errors import Problem, UserError
from harness.language import language_of
from harness.metrics import metrics
from harness.scoring import FACTS, default_metric
from harness.types import Json, Kind
from rag.load import supported_suffixes

HELDOUT_NAME = re.compile(r"(?<![a-z])(test|held[-_ ]?out|eval|val|valid|validation|dev)(?![a-z])")
NOTHING_NAMED = Columns()
USUAL_LANGUAGE = "en"
FEW_WORDS = 4
"""Answers that are not longer, half of them, are spans rather than sentences."""


class Guess(NamedTuple):
    """What the files seem to be."""

    train: Path | None
    heldout: Path | None
    documents: tuple[Path, ...]
    kind: Kind
    columns: Columns
    n_rows: int
    names: tuple[str, ...] = ()
    """Columns of the table."""
    schema: Mapping[str, Json] | None = None
    """Drafted from the answers, where they are JSON objects."""
    instruction: str = ""
    """The one that stands before every question, or what fits the answers better than the usual
    instruction of their kind; may be empty."""
    pairs: PairsFile | None = None
    """Preference pairs, where a file holds such."""
    by_place: tuple[str, ...] = ()
    """Of question and answer, those whose column only its place and its texts tell."""
    language: str = USUAL_LANGUAGE
    """Of the questions, as far as it is sure."""
    abstention: str = ""
    """How answers say that it is not known, where several do in the same words."""

    @property
    def metric(self) -> str:
        """Name of what counts as right, unless the user decides otherwise.

        As `harness.scoring.by_facts` does it, as far as a column tells.
        """
        stated = self.columns.key_facts and self.kind in metrics()[FACTS].kinds
        return FACTS if stated else default_metric(self.kind)


def guess_files(files: Sequence[Path], named: Columns = NOTHING_NAMED) -> Guess:
    """Tell by their endings and columns what the files are.

    Args:
        files: tables, documents and folders.
        named: the columns of question and answer, as far as the user says which they are.

    Raises:
        UserError: files that are of no use, too many tables of examples or pairs, or a column that
            is not there.
    """
    tables = [file for file in files if file.is_file() and file.suffix.lower() in READERS]
    read = {table: read_rows(table, table.name) for table in tables}
    pairs, wrong_pairs = pairs_among(read)
    taken = [one.file for one in pairs]
    columns = columns_of({table: read[table] for table in tables if table not in taken}, named)
    tables = _of_examples(columns)
    tables.sort(key=lambda file: HELDOUT_NAME.search(file.stem.lower()) is not None)
    unnamed = open_roles(columns[tables[0]]) if tables else ()
    if tables:
        columns[tables[0]] = by_place(read[tables[0]], columns[tables[0]])
    others = [table for table in columns if table not in tables]
    documents = tuple(file for file in files if file not in [*tables, *taken])
    unreadable = [
        file
        for file in documents
        if file.is_file() and file.suffix.lower() not in supported_suffixes()
    ]
    problems = [
        Problem(
            "neither a table of examples nor a document that can be read",
            f"examples: {', '.join(sorted(READERS))}; documents: {', '.join(supported_suffixes())}",
            str(file),
        )
        for file in unreadable
    ]
    unlike = [one for one in others if _is_held_out(one, columns)]
    unlike += [one for one in tables[1:2] if not _has(read[one], columns[tables[0]])]
    problems += [_held_out(one, tables[0], columns) for one in unlike]
    if len(tables) > 2:
        problems.append(
            Problem(
                f"{len(tables)} tables of examples were given",
                "give one file with all examples, or one to learn from and one to hold out",
                ", ".join(file.name for file in tables),
            )
        )
    if problems or wrong_pairs:
        raise UserError(*problems, *wrong_pairs)
    found = _guess_rows(tables, documents, read, columns)
    placed = tuple(role for role in unnamed if role not in open_roles(found.columns))
    return found._replace(pairs=pairs[0] if pairs else None, by_place=placed)


def _of_examples(columns: Mapping[Path, Columns]) -> list[Path]:
    """Tables with a question and an answer a row; all where none is recognised as such.

    A price list beside the examples is a document like others.
    """
    return [table for table, found in columns.items() if found.question and found.answer] or [
        *columns
    ]


def _is_held_out(table: Path, columns: Mapping[Path, Columns]) -> bool:
    """Whether a table that is not recognised is an answer key, by its name or its questions.

    As a document it would let retrieval read the answers.
    """
    asked = {found.question for found in columns.values() if found.question and found.answer}
    named = HELDOUT_NAME.search(table.stem.lower()) is not None
    return named or columns[table].question in asked


def _has(rows: Rows, known: Columns) -> bool:
    """Whether a table has the columns of question and answer, as far as they are known."""
    return {known.question, known.answer} - {""} <= {*names_of(rows)}


def _held_out(table: Path, known: Path, columns: Mapping[Path, Columns]) -> Problem:
    names = ", ".join(filter(None, (columns[known].question, columns[known].answer)))
    return Problem(
        f"it has the look of held-out rows, but not the columns of {known.name}",
        f"name its columns as those of {known.name}: {names}; a document goes into a folder, which "
        "is then given",
        str(table),
    )


def _guess_rows(
    tables: list[Path],
    documents: tuple[Path, ...],
    read: Mapping[Path, Rows],
    columns: Mapping[Path, Columns],
) -> Guess:
    """What the tables of examples seem to be."""
    train = tables[0] if tables else None
    heldout = tables[1] if len(tables) == 2 else None
    if train is None:
        return Guess(None, None, documents, "answer", Columns(), 0)
    rows, every = read[train], [row for table in tables for row in read[table].rows]
    found, shared = shared_apart(every, columns[train])
    kind = _kind(rows, found, bool(documents))
    schema = None
    if kind == "json":
        objects = [_as_object(row.fields.get(found.answer)) for row in every]
        schema = draft_schema([one for one in objects if one is not None])
    return Guess(
        train,
        heldout,
        documents,
        kind,
        found,
        len(rows.rows),
        tuple(names_of(rows)),
        schema,
        shared or _instruction(kind, rows, found),
        language=_language(every, found),
        abstention=_abstention(every, found) if kind == "answer" else "",
    )


def _abstention(rows: Sequence[Row], columns: Columns) -> str:
    return abstention_among(row.fields.get(columns.answer) for row in rows)


def _language(rows: Sequence[Row], columns: Columns) -> str:
    """Of the questions: answers may be labels or code."""
    asked = (text_of(row.fields.get(columns.question)) for row in rows)
    return language_of(asked) or USUAL_LANGUAGE


def _instruction(kind: Kind, rows: Rows, columns: Columns) -> str:
    """Short answers are asked for as such: a sentence around a right span scores low."""
    words = [len(str(row.fields.get(columns.answer) or "").split()) for row in rows.rows]
    if kind == "answer" and words and statistics.median(words) <= FEW_WORDS:
        return "Answer the question in a few words."
    return ""


def _kind(rows: Rows, columns: Columns, has_documents: bool) -> Kind:
    """Guess the kind of task from the answers; a cell left blank says nothing of it."""
    cells: list[Any] = [row.fields.get(columns.answer) for row in rows.rows]
    values = [one for one in cells if one is not None and (not isinstance(one, str) or one.strip())]
    texts = [str(value) for value in values if isinstance(value, str | int) and str(value).strip()]
    if values and all(_as_object(value) is not None for value in values):
        return "json"
    distinct = set(texts)
    short = all(len(text) <= LONGEST_LABEL for text in distinct)
    if len(texts) == len(values) and short and 1 < len(distinct) <= max(2, len(texts) // 5):
        return "label"
    return "answer" if has_documents or all(len(text) <= 300 for text in texts) else "text"


def _as_object(value: Any) -> dict[str, Any] | None:
    """A JSON object, also out of text that holds one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(canonical_json(value))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
