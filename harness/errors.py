"""What a user can have done wrong, in words they can act on.

Every error that reaches a terminal or a page is a list of problems, each with the place, what is
wrong there and what to do, so that one run reports all of them at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stops the work."""

    message: str
    """What is wrong, one line."""
    fix: str
    """What to do about it, one line."""
    where: str = ""
    """File and row or column, for instance ``data/examples.csv, row 214``."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class RungwiseError(Exception):
    """Base of all errors shown without a traceback.

    Args:
        problems: at least one; all of them are shown.
    """

    exit_code = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class UserError(RungwiseError):
    """The input, the settings or the command need a change (exit status 2)."""

    exit_code = 2


class JobError(RungwiseError):
    """The work itself failed; what was finished before is kept (exit status 1)."""

    exit_code = 1


class RunError(JobError):
    """Every other part of a run would fail by the same, so none is begun."""


def problems_of(attempts: Iterable[Callable[[], object]]) -> list[Problem]:
    """Make every attempt, and bring together what stands against each."""
    problems: list[Problem] = []
    for attempt in attempts:
        try:
            attempt()
        except UserError as error:
            problems.extend(error.problems)
    return problems
