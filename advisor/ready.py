"""Everything that stands against a check, found before it starts and said at once."""

import dataclasses
import re
from collections.abc import Callable

from advisor.project import ANSWERS, Project
from advisor.questionnaire import read_answers
from harness.errors import Problem, UserError
from harness.settings import CheckSettings, settings_problems
from harness.task import Loaded, load_task

_RUN_NAME = re.compile(r"[^\W_][\w.-]{0,99}")


def is_run_name(name: str) -> bool:
    """Whether a run's folder may have this name."""
    return _RUN_NAME.fullmatch(name) is not None


def require_ready(project: Project, run_name: str, settings: CheckSettings | None) -> Loaded | None:
    """The data to check, with its task.

    Args:
        project: as `read_project` found it, its problems included.
        run_name: for the run's folder.
        settings: of a new run; None goes on with an old one, which has its data and settings.

    Returns:
        The data of a new run; None for an old one.

    Raises:
        UserError: all problems of settings, answers, data and models at once.
    """
    problems = list(_answer_problems(project))
    if not is_run_name(run_name):
        fix = "use letters, digits, - and ., beginning with a letter or digit"
        problems.append(Problem(f"{run_name!r} is no name for a run", fix, "--run"))
    if settings is None:
        if project.problems or problems:
            raise UserError(*project.problems, *problems)
        return None
    loaded, found = load_what_can_be(project)
    kind = None if "task.kind" in project.unread else project.task.kind
    if "check.target" in project.unread and settings.target == project.check.target:
        settings = dataclasses.replace(settings, target=None, climb=False)  # it is said already
    problems.extend(settings_problems(project.root, settings, project.task.metric, kind))
    if found or problems or loaded is None:
        raise UserError(*found, *problems)
    return loaded


def load_what_can_be(
    project: Project, on_document: Callable[[int, int], None] | None = None
) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """The data, and the problems of rungwise.toml and data together.

    Args:
        project: as `read_project` found it. Where its problems leave open which data is meant,
            none is read.
        on_document: told before each document which one it is, from 1, and of how many.
    """
    if not project.readable:
        return None, project.problems
    loaded = load_task(project.spec(), project.sources(), on_document)
    said = {problem.where for problem in project.problems}  # a file that is missing is said once
    rest = (problem for problem in loaded.problems if problem.where not in said)
    return loaded, (*project.problems, *rest)


def _answer_problems(project: Project) -> tuple[Problem, ...]:
    """What is wrong with answers.toml: a check begins by fixing what they advise."""
    file = project.root / ANSWERS
    if file.is_file():
        try:
            read_answers(file)
        except UserError as error:
            return error.problems
    return ()
