"""The values of the questionnaire: questions, options, gates, and what can be asked of them.

`questionnaire.py` reads them from TOML, `recommend.py` adds their points up.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import Problem, UserError

DONT_KNOW = "dont_know"
"""Option of every question: moves nothing, lowers the confidence, names what to find out."""

NEAR = 3
"""Places of the ranking that are near the top."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that can be advised: a rung, `stay` or `none`."""

    key: str
    title: str
    baseline: int
    """Points before any answer; encodes the order of effort."""
    because: str
    """Why it starts there; completes "… because …"."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An earlier question, and the answers to it that keep a later one open."""

    question: str
    any_of: tuple[str, ...]

    def met(self, answers: Mapping[str, str]) -> bool:
        """Whether the later question is asked. Not knowing never hides a question."""
        answer = answers.get(self.question, DONT_KNOW)
        return answer == DONT_KNOW or answer in self.any_of


@dataclass(frozen=True, slots=True)
class Block:
    """Gate: these rungs cannot be used in this situation."""

    rungs: tuple[str, ...]
    lifted_by: str


@dataclass(frozen=True, slots=True)
class Require:
    """Gate: something to do first."""

    do: str
    before: tuple[str, ...] = ()
    """Rungs that wait until it is done; empty when nothing has to wait."""
    about: tuple[str, ...] = ()
    """Rungs that it prepares; it is said only where one of them is `NEAR` the top, or `or_if`
    holds. Empty: always."""
    or_if: Condition | None = None

    def is_said(self, order: Sequence[str], answers: Mapping[str, str]) -> bool:
        """Whether it is worth doing, given the ranking and the answers that count."""
        if not self.about or set(order[:NEAR]) & set(self.about):
            return True
        one = self.or_if
        return one is not None and answers.get(one.question) in one.any_of


@dataclass(frozen=True, slots=True)
class Cap:
    """Gate: the score of these rungs goes no higher than `at_most`."""

    rungs: tuple[str, ...]
    at_most: int


Gate = Block | Require | Cap


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question."""

    key: str
    text: str
    effects: tuple[tuple[str, int], ...]
    """(candidate, points), in the order of effort."""
    because: str
    """Why the answer has these effects and gates; completes "… because …"."""
    source: str
    gates: tuple[Gate, ...] = ()
    knowledge: int = 0
    """0–3: how far this answer says that knowledge is missing."""
    behaviour: int = 0
    """0–3: how far this answer says that behaviour has to change."""
    starts_at: float | None = None
    """Smallest value of the question's fact that fills this option in."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its options, "I don't know" last."""

    key: str
    row: int
    """Row of the design's merged questionnaire, 1–22."""
    text: str
    example: str
    why: str
    """Why it is asked."""
    find_out: str
    """What to find out after "I don't know"."""
    options: tuple[Option, ...]
    decisive: bool = False
    """Counts for the confidence of the advice."""
    from_data: str = ""
    """Name of the fact in the user's data that can answer it; empty when none can."""
    ask_if: Condition | None = None

    def option(self, key: str) -> Option:
        """The option with this key.

        Raises:
            KeyError: The question has no such option.
        """
        return {option.key: option for option in self.options}[key]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A measurement to make next."""

    key: str
    text: str
    because: str
    source: str
    separates: tuple[str, ...] = ()
    """Candidates that its result tells from all others."""
    until: Condition | None = None
    """Due as long as this question has none of these answers."""


@dataclass(frozen=True, slots=True)
class Case:
    """A worked case to start from."""

    key: str
    title: str
    story: str
    settled: Mapping[str, str]
    """Answers that follow from the case itself."""
    typical: Mapping[str, str]
    """Answers that such a case usually has."""
    open: Mapping[str, str]
    """Answers of the team in the story to what depends on the user's own stock and house."""
    expected: tuple[str, ...]
    """The first places of the ranking with all these answers, best first."""
    because: str

    @property
    def answers(self) -> dict[str, str]:
        """How the team in the story answers everything that it is asked."""
        return {**self.settled, **self.typical, **self.open}

    def marks(self) -> dict[str, str]:
        """Where each answer that choosing the case fills in comes from."""
        return dict.fromkeys(self.settled, self.title) | dict.fromkeys(
            self.typical, f"{self.title}, where it is typical"
        )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that cannot well hold together."""

    first: Condition
    second: Condition
    text: str
    """Says so in a plain sentence."""

    def holds(self, answers: Mapping[str, str]) -> bool:
        """Whether both answers were given; what is not known contradicts nothing."""
        sides = (self.first, self.second)
        return all(answers.get(side.question) in side.any_of for side in sides)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Everything in `questionnaire.toml`."""

    candidates: tuple[Candidate, ...]
    """In the order of effort."""
    questions: tuple[Question, ...]
    experiments: tuple[Experiment, ...]
    """Cheapest first."""
    contradictions: tuple[Contradiction, ...] = ()

    def visible(self, answers: Mapping[str, str]) -> tuple[Question, ...]:
        """The questions to ask, given these answers; a hidden question's answer does not count."""
        shown: list[Question] = []
        counted: dict[str, str] = {}
        for question in self.questions:
            if question.ask_if is None or question.ask_if.met(counted):
                shown.append(question)
                if question.key in answers:
                    counted[question.key] = answers[question.key]
        return tuple(shown)

    def problems(self, answers: Mapping[str, object]) -> tuple[Problem, ...]:
        """Unknown questions and options, each with the nearest known name."""
        questions = {question.key: question for question in self.questions}
        found: list[Problem] = []
        for key, answer in answers.items():
            if key not in questions:
                found.append(unknown("question", key, questions))
                continue
            options = [option.key for option in questions[key].options]
            if answer not in options:
                found.append(unknown(f"option of {key}", answer, options))
        return tuple(found)

    def from_facts(self, facts: Mapping[str, float]) -> dict[str, str]:
        """The answers that facts of the user's data give, to be shown as filled in.

        Args:
            facts: Fact name to value, in the units named at the top of `questionnaire.toml`.

        Raises:
            UserError: A fact that no question asks for.
        """
        askers = {question.from_data: question for question in self.questions if question.from_data}
        problems = [unknown("fact", name, askers) for name in facts if name not in askers]
        if problems:
            raise UserError(*problems)
        answers: dict[str, str] = {}
        for name, question in askers.items():
            reached = [
                (option.starts_at, option.key)
                for option in question.options
                if option.starts_at is not None
                and name in facts
                and facts[name] >= option.starts_at
            ]
            if reached:
                answers[question.key] = max(reached)[1]
        return answers


def unknown(what: str, name: object, known: Iterable[str], where: str = "") -> Problem:
    """The problem of a name that is not in a table, with the nearest name and all valid ones."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return Problem(f"unknown {what}: '{name}'", f"{hint}known: {', '.join(names)}", where)
