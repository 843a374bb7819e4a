"""From the user's files to a project folder: format and mapping detected, written down to edit."""

import json
import re
import shutil
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit

from advisor.pairs_file import PairsFile, add_pairs, pairs_among
from advisor.prices import PRICE_KEYS
from advisor.project import CONFIG, INSTRUCTIONS
from advisor.schema_draft import draft_schema
from advisor.settings_template import chosen_on_dev
from harness.data import canonical_json
from harness.data_columns import Columns, detect
from harness.data_files import READERS, Rows, read_rows
from harness.errors import Problem, UserError
from harness.types import Json, Kind
from rag.load import supported_suffixes

HELDOUT_NAME = re.compile(r"(?<![a-z])(test|held[-_ ]?out|eval|val|valid|validation|dev)(?![a-z])")
MANY_ROWS = 600
"""Rows above which a check on a laptop takes long; a sample is taken unless the user changes it."""
FEW_WORDS = 4
"""Answers that are not longer, half of them, are spans rather than sentences."""
TRAIN_SAMPLE, HELDOUT_SAMPLE = 400, 200


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
    """What fits the answers better than the usual instruction of their kind; may be empty."""
    pairs: PairsFile | None = None
    """Preference pairs, where a file holds such."""


def create_project(root: Path, files: Sequence[Path]) -> Guess | None:
    """Make a project folder.

    Args:
        root: must not hold a project yet.
        files: data files (at most two: train and held-out), and document files or folders. They
            are copied. None makes an empty project to fill in.

    Returns:
        What was detected; None without files.

    Raises:
        UserError: a project is there already, or files that cannot be understood.
    """
    if (root / CONFIG).exists():
        raise UserError(
            Problem("there is a project here already", "choose another folder", str(root))
        )
    missing = [file for file in files if not file.exists()]
    if missing:
        raise UserError(
            *(Problem("there is no such file", "check the path", str(file)) for file in missing)
        )
    _check_copies(root, files)
    guess = _guess(files) if files else None
    data = root / "data"
    data.mkdir(parents=True, exist_ok=True)
    if guess:
        for file in (guess.train, guess.heldout, guess.pairs.file if guess.pairs else None):
            if file:
                shutil.copyfile(file, data / file.name)
        for source in guess.documents:
            _copy_documents(source, data / "documents")
    if guess and guess.schema:
        text = json.dumps(guess.schema, ensure_ascii=False, indent=2)
        (root / "schema.json").write_text(f"{text}\n", encoding="utf-8")
    text = _config_text(root.resolve().name, guess)
    (root / CONFIG).write_text(text, encoding="utf-8")
    return guess


def _check_copies(root: Path, files: Sequence[Path]) -> None:
    """Refuse what would overwrite another file, or copy the project into itself.

    Raises:
        UserError: all such files.
    """
    names = Counter(file.name for file in files if file.is_file())
    problems = [
        Problem("two files have this name", "rename one of them", name)
        for name, times in names.items()
        if times > 1
    ]
    problems += [
        Problem("the project would lie inside this folder", "choose another folder", str(file))
        for file in files
        if file.is_dir() and root.resolve().is_relative_to(file.resolve())
    ]
    if problems:
        raise UserError(*problems)


def _guess(files: Sequence[Path]) -> Guess:
    tables = [file for file in files if file.is_file() and file.suffix.lower() in READERS]
    documents = tuple(file for file in files if file not in tables)
    read = {table: read_rows(table, table.name) for table in tables}
    pairs, wrong_pairs = pairs_among(read)
    tables = [table for table in tables if table not in [one.file for one in pairs]]
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
    return _guess_rows(tables, documents, read)._replace(pairs=pairs[0] if pairs else None)


def _guess_rows(
    tables: list[Path], documents: tuple[Path, ...], read: Mapping[Path, Rows]
) -> Guess:
    """What the tables of examples seem to be."""
    tables.sort(key=lambda file: HELDOUT_NAME.search(file.stem.lower()) is not None)
    train = tables[0] if tables else None
    heldout = tables[1] if len(tables) == 2 else None
    if train is None:
        return Guess(None, None, documents, "answer", Columns(), 0)
    rows = read[train]
    names = list(dict.fromkeys(name for row in rows.rows for name in row.fields))
    columns = detect(names)
    kind = _kind(rows, columns, bool(documents))
    schema = None
    if kind == "json":
        every = (*rows.rows, *(read[heldout].rows if heldout else ()))
        objects = [_as_object(row.fields.get(columns.answer)) for row in every]
        schema = draft_schema([one for one in objects if one is not None])
    instruction = _instruction(kind, rows, columns)
    return Guess(
        train, heldout, documents, kind, columns, len(rows.rows), tuple(names), schema, instruction
    )


def _instruction(kind: Kind, rows: Rows, columns: Columns) -> str:
    """Short answers are asked for as such: a sentence around a right span scores low."""
    words = [len(str(row.fields.get(columns.answer) or "").split()) for row in rows.rows]
    if kind == "answer" and words and statistics.median(words) <= FEW_WORDS:
        return "Answer the question in a few words."
    return ""


def _kind(rows: Rows, columns: Columns, has_documents: bool) -> Kind:
    """Guess the kind of task from the answers."""
    values: list[Any] = [row.fields.get(columns.answer) for row in rows.rows]
    texts = [str(value) for value in values if isinstance(value, str | int) and str(value).strip()]
    if values and all(_as_object(value) is not None for value in values):
        return "json"
    distinct = set(texts)
    short = all(len(text) <= 60 for text in distinct)
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


def _copy_documents(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / source.name)


def _config_text(name: str, guess: Guess | None) -> str:
    """rungwise.toml with a remark on each choice."""
    document = tomlkit.document()
    document.add(tomlkit.comment("What Rungwise measures in this folder. Paths stay inside it."))
    project = tomlkit.table()
    project.add("name", name)
    project.add("language", "en")
    document.add("project", project)
    document.add("data", _data_table(guess))
    kind: Kind = guess.kind if guess else "answer"
    task = tomlkit.table()
    task.add("kind", tomlkit.item(kind).comment("label | json | answer | text"))
    task.add(
        "instruction", guess.instruction if guess and guess.instruction else INSTRUCTIONS[kind]
    )
    if kind == "json":
        remark = "drafted from the answers; make it as strict as the answers must be"
        task.add("schema", tomlkit.item("schema.json").comment(remark))
    if kind == "label":
        hint = 'descriptions = { billing = "invoices and refunds" }   # what labels mean'
        task.add(tomlkit.comment(hint))
    if kind == "answer":
        task.add(tomlkit.comment('abstention = "I do not know."   # allows "I do not know"'))
    document.add("task", task)
    check = tomlkit.table()
    check.add("seeds", 1)
    check.add("effort", tomlkit.item("normal").comment("quick | normal | thorough"))
    margin = tomlkit.item(0.03).comment("a difference smaller than this does not matter to us")
    check.add("margin", margin)
    check.add(tomlkit.comment("target = 0.80   # good enough"))
    check.add(tomlkit.comment("climb = true    # stop at the first rung that reaches the target"))
    document.add("check", check)
    for section, table in chosen_on_dev(kind, documents=bool(guess and guess.documents)):
        document.add(section, table)
    document.add("prices", _prices_table())
    if kind in ("answer", "text"):
        document.add("judge", _judge_table())
    return tomlkit.dumps(document)


def _judge_table() -> Any:
    """Nothing is set: a judge is asked only where the user names one."""
    judge = tomlkit.table()
    judge.add(tomlkit.comment("Another model that may say whether answers are right. It gets them"))
    judge.add(tomlkit.comment("only after you have looked at 30 of them yourself, and said yes."))
    judge.add(tomlkit.comment('endpoint = "openai:http://127.0.0.1:8000/v1#model"'))
    return judge


def _prices_table() -> Any:
    """Every price as a remark: what costs what is the user's to say."""
    prices = tomlkit.table()
    prices.add(tomlkit.comment("Your own prices, each optional: nothing is priced before. Take"))
    prices.add(tomlkit.comment("the first # of a line away and write your figure."))
    for one in PRICE_KEYS:
        prices.add(tomlkit.comment(f"{one.key} = {one.example}   # {one.label}: {one.remark}"))
    return prices


def _data_table(guess: Guess | None) -> Any:
    data = tomlkit.table()
    if guess is None or guess.train is None:
        examples = tomlkit.item("data/examples.jsonl")
        data.add("examples", examples.comment("put your examples here: .jsonl, .json, .csv, .xlsx"))
    elif guess.heldout is not None:
        data.add("train", f"data/{guess.train.name}")
        data.add("heldout", f"data/{guess.heldout.name}")
    else:
        data.add("examples", f"data/{guess.train.name}")
        data.add("heldout", tomlkit.item(0.25).comment("share, or a count, of rows to hold out"))
    if guess and guess.documents:
        data.add("documents", "data/documents")
    if guess and guess.n_rows > MANY_ROWS:
        remark = "drawn at random; remove to use all rows"
        data.add("max_train", tomlkit.item(TRAIN_SAMPLE).comment(remark))
        data.add("max_heldout", tomlkit.item(HELDOUT_SAMPLE).comment(remark))
    if guess and guess.train:
        columns = tomlkit.table()
        for column in fields(Columns):
            value = getattr(guess.columns, column.name)
            if value:
                columns.add(column.name, value)
        for role in ("question", "answer"):
            if not getattr(guess.columns, role):
                names = ", ".join(guess.names) or "none"
                columns.add(tomlkit.comment(f'{role} = "…"   # write one of: {names}'))
        data.add("columns", columns)
    add_pairs(data, guess.pairs if guess else None)
    return data
