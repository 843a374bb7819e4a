"""A project folder: what its rungwise.toml says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from advisor.criteria import Overrides
from advisor.prices import Prices
from advisor.project_reading import CONFIG, read_prices, read_sections
from advisor.project_sections import (
    CheckSection,
    DataSection,
    ModelSection,
    ProjectSection,
    Sections,
    TaskSection,
)
from advisor.questionnaire import AnswerSheet, read_answers
from advisor.weights import Person
from advisor.weights_file import read_values, read_weights
from harness.data_columns import Columns, PairColumns
from harness.errors import Problem, UserError
from harness.given import Given
from harness.rungs import rungs_for
from harness.settings import CheckSettings
from harness.task import Sources
from harness.types import Kind, TaskSpec

__all__ = [
    "ANSWERS",
    "CONFIG",
    "INSTRUCTIONS",
    "Project",
    "answers_in",
    "open_project",
    "prices_of",
    "read_project",
    "weights_of",
]

ANSWERS = "answers.toml"


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
    sections: Sections
    problems: tuple[Problem, ...] = ()
    """What is wrong with it; `open_project` lets none through."""
    unread: frozenset[str] = frozenset()
    """Settings in whose place a default stands because of such a problem."""

    @property
    def project(self) -> ProjectSection:
        """Section ``[project]``."""
        return self.sections.project

    @property
    def model(self) -> ModelSection:
        """Section ``[model]``."""
        return self.sections.model

    @property
    def data(self) -> DataSection:
        """Section ``[data]``."""
        return self.sections.data

    @property
    def task(self) -> TaskSection:
        """Section ``[task]``."""
        return self.sections.task

    @property
    def check(self) -> CheckSection:
        """Section ``[check]``."""
        return self.sections.check

    @property
    def prices(self) -> Prices:
        """Section ``[prices]``."""
        return self.sections.prices

    @property
    def readable(self) -> bool:
        """Whether the data can be read as it was meant, whatever else is wrong."""
        return not any(setting.startswith(("data.", "task.")) for setting in self.unread)

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
            descriptions=tuple(self.task.descriptions.items()),
            schema=schema,
            abstention=self.task.abstention,
            metric=self.task.metric,
            must_use=self.task.must_use,
            must_not_use=self.task.must_not_use,
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
            preferences=self.root / data.preferences if data.preferences else None,
            preference_columns=msgspec.convert(data.preference_columns, PairColumns),
            max_preferences=data.max_preferences,
            leave_out=data.incomplete == "leave_out",
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
            rungs=self.check.rungs or rungs_for(self.task.kind, pairs=bool(self.data.preferences)),
            seeds=self.check.seeds,
            effort=self.check.effort,
            margin=self.check.margin,
            target=self.check.target,
            climb=self.check.climb,
            timed=self.check.timed,
            generator=self.model.generator,
            revision=self.model.revision,
            embedder=self.model.embedder,
            tuning=self.sections.tuning,
            preference=self.sections.preference,
            given=Given(self.sections.retrieval, self.sections.prompt, self.sections.decoding),
        )


def open_project(root: Path) -> Project:
    """Read a project.

    Raises:
        UserError: no project there, or everything that is wrong with its rungwise.toml.
    """
    project = read_project(root)
    if project.problems:
        raise UserError(*project.problems)
    return project


def read_project(root: Path) -> Project:
    """Read a project, and keep what is wrong with it for whoever finds more.

    Raises:
        UserError: no project there, or its rungwise.toml is no TOML.
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
    raw = _read_toml(file)
    root = root.resolve()
    return Project(root, *read_sections(raw, root))


def prices_of(root: Path) -> Prices:
    """A project's prices as they are now, whatever else is wrong with it; none without a project.

    Raises:
        UserError: rungwise.toml is no TOML, or everything that is wrong with its prices.
    """
    file = root / CONFIG
    if not file.is_file():
        return Prices()
    prices, problems = read_prices(_read_toml(file))
    if problems:
        raise UserError(*problems)
    return prices


def section_of(root: Path, name: str) -> dict[str, Any]:
    """A section of a project's rungwise.toml as it is, whatever else is wrong; empty without one.

    Raises:
        UserError: rungwise.toml is no TOML.
    """
    file = root / CONFIG
    found = _read_toml(file).get(name) if file.is_file() else None
    return found if isinstance(found, dict) else {}


def answers_in(root: Path) -> AnswerSheet | None:
    """A project's filled-in questionnaire; None when there is none yet.

    Raises:
        UserError: it is damaged.
    """
    file = root / ANSWERS
    return read_answers(file) if file.is_file() else None


def weights_of(root: Path) -> tuple[tuple[Person, ...], Overrides]:
    """Who has a say in a project, and its own judgements, whatever else is wrong with it.

    Raises:
        UserError: rungwise.toml is no TOML, or everything that is wrong with these sections.
    """
    file = root / CONFIG
    if not file.is_file():
        return (), Overrides()
    raw = _read_toml(file)
    weights, values = read_weights(raw.get("weights", {})), read_values(raw.get("values", {}))
    if problems := (*weights.problems, *values.problems):
        raise UserError(*problems)
    return weights.people, values.overrides


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            Problem(f"not TOML: {error}", "text needs quotes, lists need brackets", CONFIG)
        ) from None
