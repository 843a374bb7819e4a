"""The questionnaire as the program uses it, and the user's answers on disk.

What is asked, what each answer moves, why and by which source stands in `questionnaire.toml`; the
worked cases to start from stand in `cases.toml`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import chain, count
from pathlib import Path

import tomlkit

from advisor.question_types import Case, Question, Questionnaire
from advisor.questionnaire_file import entry, load_cases, load_questionnaire, read_toml
from harness.errors import Problem, UserError

QUESTIONNAIRE_PATH = Path(__file__).with_name("questionnaire.toml")
CASES_PATH = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """A filled-in questionnaire, as kept in `answers.toml`."""

    answers: Mapping[str, str]
    """Question key to option key; a question that is missing has not been answered."""
    from_data: Mapping[str, str] = field(default_factory=dict)
    """Question key to what in the data answered it, for the answers that were filled in."""
    by: str = ""
    """Who filled it in."""
    at: datetime | None = None
    """When it was filled in."""
    from_case: Mapping[str, str] = field(default_factory=dict)
    """Question key to the worked case that filled it in, until the user confirms the answer."""


@cache
def questionnaire() -> Questionnaire:
    """The questionnaire that ships with the program."""
    return load_questionnaire(QUESTIONNAIRE_PATH)


@cache
def cases() -> tuple[Case, ...]:
    """The worked cases that ship with the program."""
    return load_cases(CASES_PATH, questionnaire())


def questions() -> tuple[Question, ...]:
    """All questions, in the order in which they are asked."""
    return questionnaire().questions


def in_words(question: str, option: str) -> tuple[str, str]:
    """A question and an answer to it as texts; their keys where the questionnaire has changed."""
    asked = {one.key: one for one in questions()}.get(question)
    options = {one.key: one.text for one in asked.options} if asked else {}
    text = asked.text if asked else question.replace("_", " ")
    return text, options.get(option, option.replace("_", " "))


def visible(answers: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions to ask, given the answers so far."""
    return questionnaire().visible(answers)


def check_answers(answers: Mapping[str, object]) -> tuple[Problem, ...]:
    """What is wrong with a set of answers; empty when it can be used."""
    return questionnaire().problems(answers)


def read_answers(path: Path) -> AnswerSheet:
    """Read `answers.toml`.

    Raises:
        UserError: It cannot be read, is not TOML, or does not fit this questionnaire.
    """
    tables = entry(
        read_toml(path),
        path.name,
        {"answers": dict},
        {"filled_in": dict, "from_data": dict, "from_case": dict},
    )
    answers = tables["answers"]
    problems = check_answers(answers)
    if problems:
        raise UserError(*(replace(problem, where=path.name) for problem in problems))
    filled_in = entry(
        tables.get("filled_in", {}), f"{path.name}, filled_in", {}, {"by": str, "at": datetime}
    )
    # Only what has been answered can have been answered by the data or a case.
    from_data, from_case = (
        entry(tables.get(name, {}), f"{path.name}, {name}", {}, dict.fromkeys(answers, str))
        for name in ("from_data", "from_case")
    )
    return AnswerSheet(answers, from_data, filled_in.get("by", ""), filled_in.get("at"), from_case)


def kept_beside(path: Path) -> Path:
    """Copy `answers.toml` beside itself before others take its place; no copy is overwritten."""
    names = (f"{path.stem}-before{n}{path.suffix}" for n in chain(("",), count(2)))
    copy = next(one for name in names if not (one := path.with_name(name)).exists())
    shutil.copyfile(path, copy)
    return copy


def write_answers(path: Path, sheet: AnswerSheet) -> None:
    """Write `answers.toml` whole or not at all.

    Raises:
        UserError: The sheet holds unknown questions or options; nothing is written.
    """
    problems = check_answers(sheet.answers)
    if problems:
        raise UserError(*problems)
    filled_in = {"by": sheet.by, "at": sheet.at}
    text = tomlkit.dumps(
        {
            "filled_in": {name: value for name, value in filled_in.items() if value},
            "answers": dict(sheet.answers),
            "from_data": dict(sheet.from_data),
            **({"from_case": dict(sheet.from_case)} if sheet.from_case else {}),
        }
    )
    # Beside the target: a rename is atomic only within one file system.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
