"""rungwise.toml read strictly: everything that is wrong with it, all at once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import msgspec

from advisor.prices import Prices, wrong_values
from advisor.project_sections import SECTIONS, WANTED, Sections, TaskSection
from advisor.weights_file import read_values, read_weights
from harness.closed_answers import CLOSED
from harness.data_columns import Columns, PairColumns
from harness.errors import Problem
from harness.given import ALWAYS, wrong_decoding, wrong_prompt, wrong_retrieval
from tuning.constrain import obstacle
from tuning.recipe import wrong_preference_values
from tuning.recipe import wrong_values as wrong_tuning

CONFIG = "rungwise.toml"


class Read(NamedTuple):
    """What a file says, and what is wrong with it."""

    sections: Sections
    problems: tuple[Problem, ...]
    unread: frozenset[str]
    """Settings such as ``task.kind`` that are not as the user meant them: a default stands in."""


def _near(name: str, known: Iterable[str]) -> list[str]:
    """The known name that looks most like it, if any does."""
    return get_close_matches(name, list(known), 1, 0.4)


class _Reading:
    """Collects what is wrong while the file is read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self.meant: set[str] = set()
        """Settings that an unknown key may have been meant for: nothing is said to be missing."""

    def wrong(self, setting: str, message: str, fix: str) -> None:
        """A setting that cannot be used."""
        self.unread.add(setting)
        self.problems.append(Problem(message, fix, f"{CONFIG}, [{setting.split('.')[0]}]"))

    def unknown(self, name: str, known: Sequence[str], what: str, where: str) -> None:
        """A name that is not there; the nearest one is named."""
        hint = "".join(f"did you mean {near}? " for near in _near(name, known))
        said = f"there is no {what} {name!r}"
        self.problems.append(Problem(said, f"{hint}known: {', '.join(known)}", where))


def read_sections(raw: dict[str, Any], root: Path) -> Read:
    """Check and convert the tables of a rungwise.toml.

    Args:
        raw: as the TOML reader gives them.
        root: the project folder, without links and relative parts.
    """
    reading = _Reading()
    known = [*SECTIONS, "weights", "values"]
    for name in raw:
        if name not in known:
            reading.unknown(name, known, "section", CONFIG)
    parts = {
        name: _section(name, kind, raw.get(name, {}), reading) for name, kind in SECTIONS.items()
    }
    weights, values = read_weights(raw.get("weights", {})), read_values(raw.get("values", {}))
    reading.problems += [*weights.problems, *values.problems]
    sections = Sections(**parts, weights=weights.people, values=values.overrides)
    _values(sections, reading)
    _wrong("prices", wrong_values(sections.prices), reading)
    _wrong("tuning", wrong_tuning(sections.tuning), reading)
    _wrong("preference", wrong_preference_values(sections.preference), reading)
    _wrong("retrieval", wrong_retrieval(sections.retrieval), reading)
    _wrong("prompt", wrong_prompt(sections.prompt), reading)
    _wrong("decoding", wrong_decoding(sections.decoding), reading)
    _paths(sections, root, reading)
    _schema(sections, root, reading)
    return Read(sections, tuple(reading.problems), frozenset(reading.unread))


def read_prices(raw: dict[str, Any]) -> tuple[Prices, tuple[Problem, ...]]:
    """Section ``[prices]`` alone, for who needs nothing else of the file.

    Args:
        raw: the whole file, as the TOML reader gives it.
    """
    reading = _Reading()
    prices: Prices = _section("prices", Prices, raw.get("prices", {}), reading)
    _wrong("prices", wrong_values(prices), reading)
    return prices, tuple(reading.problems)


def _section(name: str, kind: type, raw: Any, reading: _Reading) -> Any:
    """One section as its dataclass."""
    if not isinstance(raw, dict):
        reading.unread.add(f"{name}.")
        problem = Problem(f"{name} is a value, not a section", f"write [{name}]", CONFIG)
        reading.problems.append(problem)
        return kind()
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        setting = f"{name}.{key}"
        if key not in hints:
            reading.unknown(key, list(hints), "key", f"{CONFIG}, [{name}]")
            reading.meant.update(f"{name}.{near}" for near in _near(key, hints))
            continue
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError:
            shown = msgspec.json.encode(value, enc_hook=str).decode()
            wanted = WANTED.get(setting, "a text in quotes")
            reading.wrong(setting, f"{key} cannot be {shown[:60]}", f"write {key} = {wanted}")
    if name == "data":
        for key, mapped in (("columns", Columns), ("preference_columns", PairColumns)):
            _columns(key, mapped, values.get(key, {}), reading)
    return kind(**values)


def _columns(name: str, kind: type, given: dict[str, Any], reading: _Reading) -> None:
    known = [column.name for column in fields(kind)]
    where = f"{CONFIG}, [data.{name}]"
    for key in given:
        if key not in known:
            reading.unknown(key, known, "key", where)
    for key, value in given.items():
        try:
            msgspec.convert({key: value}, kind)
        except msgspec.ValidationError:
            reading.unread.add(f"data.{name}")
            fix = 'write tags = ["one", "two"]' if key == "tags" else f'write {key} = "its name"'
            reading.problems.append(Problem(f"{key} is not the name of a column", fix, where))


def _values(sections: Sections, reading: _Reading) -> None:
    """Values that make no sense, by themselves or together."""
    data, task, check = sections.data, sections.task, sections.check
    share = None if isinstance(data.heldout, str) else float(data.heldout)
    rules = (
        (not (data.examples or data.train), "data.examples", "no examples are given",
         'write examples = "data/examples.jsonl"'),
        (data.examples and data.train, "data.train", "both examples and train are given",
         "keep examples, or train with a held-out file"),
        (data.train and share is not None, "data.heldout", "train is given without a held-out file",
         'add heldout = "data/heldout.jsonl", or write examples instead of train'),
        (share is not None and not 0 < share < math.inf, "data.heldout",
         "heldout must be above 0", "write heldout = 0.25"),
        (data.max_train is not None and data.max_train < 1, "data.max_train",
         "max_train must be 1 or more", "write max_train = 400, or remove it to use all rows"),
        (data.max_heldout is not None and data.max_heldout < 1, "data.max_heldout",
         "max_heldout must be 1 or more", "write max_heldout = 200, or remove it to use all rows"),
        (data.max_preferences is not None and data.max_preferences < 1, "data.max_preferences",
         "max_preferences must be 1 or more",
         "write max_preferences = 500, or remove it to use all pairs"),
        (not 0 < data.dev < 1, "data.dev", "dev must be a share between 0 and 1",
         "write dev = 0.15"),
        (task.kind == "json" and not task.schema, "task.schema", "kind = json needs a schema",
         'write schema = "schema.json"'),
        (not 0 <= check.margin < math.inf, "check.margin", "margin must be 0 or more",
         "write margin = 0.03"),
        (check.target is not None and not 0 <= check.target <= 1, "check.target",
         "target must be a share from 0 to 1", "for 80 % write target = 0.80"),
        (check.wrong_undoes is not None and not 0 <= check.wrong_undoes < math.inf,
         "check.wrong_undoes", "wrong_undoes must be 0 or more", "write wrong_undoes = 4"),
        (check.timed < 1, "check.timed", "timed must be 1 or more", "write timed = 6"),
        (check.newer_score is not None and not 0 <= check.newer_score <= 1, "check.newer_score",
         "newer_score must be a share from 0 to 1", "for 72 % write newer_score = 0.72"),
        (sections.decoding.constrained == ALWAYS and task.kind not in CLOSED,
         "decoding.constrained",
         f"there is nothing to hold answers to: this task has kind = {task.kind}",
         'remove constrained, or write kind = "label" or "json"'),
    )  # fmt: skip
    for wrong, setting, said, fix in (*rules, *_word_lists(task), *_descriptions(task)):
        section = f"{setting.split('.')[0]}."
        if not wrong or setting in reading.unread or section in reading.unread:
            continue
        if setting in reading.meant:
            reading.unread.add(setting)
        else:
            reading.wrong(setting, said, fix)


def _word_lists(task: TaskSection) -> list[tuple[bool, str, str, str]]:
    """What may be wrong with the lists of words, as `_values` lists it."""
    lists = {"must_use": task.must_use, "must_not_use": task.must_not_use}
    either = {" ".join(word.split()).casefold() for word in task.must_use}
    both = next((w for w in task.must_not_use if " ".join(w.split()).casefold() in either), "")
    found = [
        (bool(both), "task.must_not_use", f"{both!r} must and must not be used",
         "take it off one of the lists must_use and must_not_use")
    ]  # fmt: skip
    for key, words in lists.items():
        found += [
            (not all(word.strip() for word in words), f"task.{key}", f"{key} has an empty entry",
             f"write {key} = {WANTED[f'task.{key}']}"),
            (bool(words) and task.kind in CLOSED, f"task.{key}",
             f"{key} is for free text, and this task has kind = {task.kind}",
             f'remove {key}, or write kind = "answer" or "text"'),
        ]  # fmt: skip
    return found


def _descriptions(task: TaskSection) -> list[tuple[bool, str, str, str]]:
    """What may be wrong with descriptions of labels; which labels there are, the data says."""
    return [
        (bool(task.descriptions) and task.kind != "label", "task.descriptions",
         f"descriptions are for labels, and this task has kind = {task.kind}",
         'remove them, or write kind = "label"'),
        (not all(words.strip() for words in task.descriptions.values()), "task.descriptions",
         "a label's description is empty", "describe it in a few words, or leave it out"),
    ]  # fmt: skip


def _wrong(section: str, found: Iterable[tuple[str, str, str]], reading: _Reading) -> None:
    """Values that make no sense; what was misspelt is not said to be missing as well."""
    for key, said, fix in found:
        setting = f"{section}.{key}"
        if setting in reading.unread or setting in reading.meant:
            continue
        reading.wrong(setting, said, fix)


def _paths(sections: Sections, root: Path, reading: _Reading) -> None:
    """Paths that are missing or lead out of the project."""
    data = sections.data
    given = {
        "data.examples": data.examples,
        "data.train": data.train,
        "data.heldout": data.heldout if isinstance(data.heldout, str) else "",
        "data.documents": data.documents,
        "data.preferences": data.preferences,
        "task.schema": sections.task.schema,
    }
    for setting, path in given.items():
        if not path:
            continue
        key = setting.split(".")[1]
        if "\0" in path or not (root / path).resolve().is_relative_to(root):
            fix = f"copy it into the project folder and write {key} = its place there"
            reading.wrong(setting, f"{key}: {path} leads out of the project", fix)
        elif not (root / path).exists():
            fix = f"put it there, or correct {key} in {CONFIG}"
            reading.problems.append(Problem("there is no such file or folder", fix, path))
            if setting == "task.schema":
                reading.unread.add(setting)


def _schema(sections: Sections, root: Path, reading: _Reading) -> None:
    """A schema file that is not JSON, or not a JSON Schema, or one that nothing can follow."""
    path = sections.task.schema
    if not path or "task.schema" in reading.unread:
        return
    import jsonschema

    try:
        schema = msgspec.json.decode((root / path).read_bytes())
        jsonschema.Draft202012Validator.check_schema(schema)
    except (msgspec.DecodeError, OSError, UnicodeDecodeError, jsonschema.SchemaError) as error:
        said = str(error).splitlines()[0]
        fix = "write a JSON Schema there, an object with type and properties"
        reading.problems.append(Problem(f"not a JSON Schema: {said}", fix, path))
        reading.unread.add("task.schema")
        return
    found = obstacle(msgspec.json.encode(schema).decode())
    if found is not None and found.impossible:
        said = f"no answer can follow this schema: {found.reason}"
        reading.problems.append(Problem(said, "mend the schema, so that an answer can", path))
        reading.unread.add("task.schema")
    elif found is not None and sections.decoding.constrained == ALWAYS:
        said = f"answers cannot be held to this schema: {found.reason}"
        fix = "say it in simpler keywords of JSON Schema, or remove [decoding] constrained"
        reading.problems.append(Problem(said, fix, path))
