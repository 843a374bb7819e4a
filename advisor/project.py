"""A project folder: rungwise.toml read strictly, written with comments."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from harness.data_columns import Columns
from harness.errors import Problem, UserError
from harness.rungs import rungs
from harness.runner import CheckSettings
from harness.task import Sources
from harness.types import KINDS, Kind, TaskSpec

CONFIG = "rungwise.toml"
ANSWERS = "answers.toml"
ABSTENTION = "I do not know."


@dataclass(frozen=True, slots=True)
class ProjectSection:
    """Section ``[project]``."""

    name: str = ""
    language: str = "en"
    note: str = ""
    """A remark that every report repeats."""


@dataclass(frozen=True, slots=True)
class ModelSection:
    """Section ``[model]``."""

    generator: str = "smollm2-135m-instruct"
    revision: str = ""
    embedder: str = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class DataSection:
    """Section ``[data]``."""

    examples: str = ""
    train: str = ""
    heldout: str | int | float = 0.25
    documents: str = ""
    preferences: str = ""
    dev: float = 0.15
    max_train: int | None = None
    max_heldout: int | None = None
    group: str = ""
    seed: int = 0
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskSection:
    """Section ``[task]``."""

    kind: Kind = "answer"
    instruction: str = ""
    labels: tuple[str, ...] = ()
    schema: str = ""
    metric: str = ""
    abstention: str = ""


@dataclass(frozen=True, slots=True)
class CheckSection:
    """Section ``[check]``."""

    rungs: tuple[str, ...] = ()
    seeds: int = 1
    effort: str = "normal"
    margin: float = 0.03
    target: float | None = None


SECTIONS: Mapping[str, type] = {
    "project": ProjectSection,
    "model": ModelSection,
    "data": DataSection,
    "task": TaskSection,
    "check": CheckSection,
}

INSTRUCTIONS: Mapping[Kind, str] = {
    "label": "Classify the message.",
    "json": "Extract what the message says.",
    "answer": "Answer the question in one short sentence.",
    "text": "Write the text that is asked for.",
}


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its rungwise.toml describes it."""

    root: Path
    project: ProjectSection
    model: ModelSection
    data: DataSection
    task: TaskSection
    check: CheckSection

    @property
    def name(self) -> str:
        """Its name, or its folder's."""
        return self.project.name or self.root.name

    def spec(self) -> TaskSpec:
        """What is asked of the model; labels may still have to be read off the data."""
        schema = ""
        if self.task.schema:
            raw = (self.root / self.task.schema).read_bytes()
            schema = msgspec.json.encode(msgspec.json.decode(raw)).decode()
        return TaskSpec(
            name=self.name,
            kind=self.task.kind,
            instruction=self.task.instruction or INSTRUCTIONS[self.task.kind],
            language=self.project.language,
            labels=self.task.labels,
            schema=schema,
            abstention=self.task.abstention,
            metric=self.task.metric,
        )

    def sources(self) -> Sources:
        """Where the data is."""
        data = self.data
        by_file = isinstance(data.heldout, str)
        return Sources(
            root=self.root,
            train=self.root / (data.train or data.examples),
            heldout_file=self.root / str(data.heldout) if by_file else None,
            documents=self.root / data.documents if data.documents else None,
            columns=self.columns(),
            heldout=0.25 if isinstance(data.heldout, str) else float(data.heldout),
            dev=data.dev,
            max_train=data.max_train,
            max_heldout=data.max_heldout,
            seed=data.seed,
        )

    def columns(self) -> Columns:
        """The mapping written in [data.columns]; ``[data] group`` is a shorthand for one of it."""
        given = dict(self.data.columns)
        if self.data.group:
            given.setdefault("group", self.data.group)
        return msgspec.convert(given, Columns)

    def settings(self) -> CheckSettings:
        """What a check does unless the command says otherwise."""
        return CheckSettings(
            rungs=self.check.rungs or tuple(rungs()),
            seeds=self.check.seeds,
            effort=self.check.effort,
            margin=self.check.margin,
            target=self.check.target,
            generator=self.model.generator,
            revision=self.model.revision,
            embedder=self.model.embedder,
        )


def open_project(root: Path) -> Project:
    """Read a project.

    Raises:
        UserError: no project there, or everything that is wrong with its rungwise.toml.
    """
    file = root / CONFIG
    if not file.is_file():
        raise UserError(
            Problem(
                f"there is no {CONFIG} here",
                f"make a project with: rungwise new {root} --from your-data.csv",
                str(root),
            )
        )
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            Problem(f"not TOML: {error}", "text needs quotes, lists need brackets", CONFIG)
        ) from None
    problems: list[Problem] = []
    for name in raw:
        if name not in SECTIONS:
            problems.append(_unknown(name, list(SECTIONS), "section", CONFIG))
    read = {
        name: _section(name, kind, raw.get(name, {}), problems) for name, kind in SECTIONS.items()
    }
    if problems:
        raise UserError(*problems)
    project = Project(root.resolve(), **read)
    problems.extend((*_value_problems(project), *_path_problems(project), *_schema(project)))
    if problems:
        raise UserError(*problems)
    return project


def _section(name: str, kind: type, raw: Any, problems: list[Problem]) -> Any:
    """One section as its dataclass; what is wrong with it is added to the problems."""
    where = f"{CONFIG}, [{name}]"
    if not isinstance(raw, dict):
        problems.append(Problem(f"{name} is a value, not a section", f"write [{name}]", CONFIG))
        return kind()
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in hints:
            problems.append(_unknown(key, list(hints), "key", where))
            continue
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            said = str(error).split(" - at")[0]
            fix = f"choose one of {', '.join(KINDS)}" if key == "kind" else f"mend {key}"
            problems.append(Problem(f"{key}: {said}", fix, where))
    if name == "data":
        known = [column.name for column in fields(Columns)]
        for key in values.get("columns", {}):
            if key not in known:
                problems.append(_unknown(key, known, "key", f"{CONFIG}, [data.columns]"))
        try:
            msgspec.convert(values.get("columns", {}), Columns)
        except msgspec.ValidationError as error:
            fix = 'write a column\'s name in quotes; tags = ["one", "two"]'
            problems.append(Problem(str(error), fix, f"{CONFIG}, [data.columns]"))
    return kind(**values)


def _unknown(name: str, known: list[str], what: str, where: str) -> Problem:
    near = get_close_matches(name, known, 1, 0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    return Problem(f"there is no {what} {name!r}", f"{hint}known: {', '.join(known)}", where)


def _value_problems(project: Project) -> list[Problem]:
    """Values that make no sense, by themselves or together."""
    data, task, check = project.data, project.task, project.check
    share = None if isinstance(data.heldout, str) else float(data.heldout)
    rules = (
        (not (data.examples or data.train), "data", "no examples are given",
         'write examples = "data/examples.jsonl"'),
        (data.examples and data.train, "data", "both examples and train are given",
         "keep examples, or train with a held-out file"),
        (data.train and share is not None, "data", "train is given without a held-out file",
         'add heldout = "data/heldout.jsonl", or write examples instead of train'),
        (share is not None and not share > 0, "data", "heldout must be above 0",
         "write heldout = 0.25"),
        (task.kind == "json" and not task.schema, "task", "kind = json needs a schema",
         'write schema = "schema.json"'),
        (not check.margin >= 0, "check", "margin must be 0 or more", "write margin = 0.03"),
        (check.target is not None and not 0 <= check.target <= 1, "check",
         "target must be a share from 0 to 1", "for 80 % write target = 0.80"),
    )  # fmt: skip
    return [Problem(said, fix, f"{CONFIG}, [{name}]") for wrong, name, said, fix in rules if wrong]


def _path_problems(project: Project) -> list[Problem]:
    """Paths that are missing or lead out of the project."""
    data, problems = project.data, []
    given = [data.examples, data.train, data.documents, data.preferences, project.task.schema]
    if isinstance(data.heldout, str):
        given.append(data.heldout)
    for path in filter(None, given):
        if not (project.root / path).resolve().is_relative_to(project.root):
            fix = "copy the file into the project folder"
            problems.append(Problem(f"{path} leads out of the project", fix, f"{CONFIG}, [data]"))
        elif not (project.root / path).exists():
            problems.append(Problem("there is no such file or folder", "check the path", path))
    return problems


def _schema(project: Project) -> list[Problem]:
    """A schema file that is not JSON, or not a JSON Schema."""
    file = project.root / project.task.schema
    if not project.task.schema or not file.is_file():
        return []
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(msgspec.json.decode(file.read_bytes()))
    except (msgspec.DecodeError, UnicodeDecodeError, jsonschema.SchemaError) as error:
        said = str(error).splitlines()[0]
        return [Problem(f"not a JSON Schema: {said}", "mend it", project.task.schema)]
    return []
