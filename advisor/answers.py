"""Where answers come from: the user, the data, a worked case. Pure; a new sheet each time.

What the user has answered is never overwritten. What the data says beats a worked case, whose
answers stay marked until the user confirms or changes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from advisor.facts import Known
from advisor.question_types import Case, unknown
from advisor.questionnaire import AnswerSheet, cases
from harness.errors import UserError


def case_named(name: str) -> Case:
    """A worked case by its name; hyphens and underscores are the same.

    Raises:
        UserError: There is none of this name.
    """
    known = {case.key: case for case in cases()}
    found = known.get(name.strip().lower().replace("-", "_"))
    if found is None:
        raise UserError(unknown("worked case", name, map(shown_name, known.values())))
    return found


def shown_name(case: Case) -> str:
    """The name of a case as people type it."""
    return case.key.replace("_", "-")


def take_case(sheet: AnswerSheet, case: Case, known: Iterable[Known] = ()) -> AnswerSheet:
    """Start from a worked case: fill in what it settles and what is typical of it.

    Args:
        sheet: Answers of the user and of the data stay; those of an earlier case go.
        case: What depends on the user's own stock and house is not taken from it.
        known: What the data answers.
    """
    own = {key: option for key, option in sheet.answers.items() if key not in sheet.from_case}
    marks = {key: words for key, words in case.marks().items() if key not in own}
    filled = {key: case.answers[key] for key in marks}
    return add_known(replace(sheet, answers={**own, **filled}, from_case=marks), known)


def add_known(sheet: AnswerSheet, known: Iterable[Known]) -> AnswerSheet:
    """Fill in what the data answers, but for what the user has answered."""
    new = [one for one in known if may_fill(sheet, one.question)]
    return replace(
        sheet,
        answers={**sheet.answers, **{one.question: one.option for one in new}},
        from_data={**sheet.from_data, **{one.question: one.because for one in new}},
        from_case=_without(sheet.from_case, *(one.question for one in new)),
    )


def may_fill(sheet: AnswerSheet, question: str) -> bool:
    """Whether the data may answer a question: the user has not."""
    return question not in sheet.answers or question in {**sheet.from_data, **sheet.from_case}


def answer(sheet: AnswerSheet, question: str, option: str) -> AnswerSheet:
    """The user's own answer; the same one as a worked case's confirms it."""
    changed = sheet.answers.get(question) != option
    return replace(
        sheet,
        answers={**sheet.answers, question: option},
        from_data=_without(sheet.from_data, question) if changed else sheet.from_data,
        from_case=_without(sheet.from_case, question),
    )


def _without(words: Mapping[str, str], *questions: str) -> dict[str, str]:
    return {key: value for key, value in words.items() if key not in questions}
