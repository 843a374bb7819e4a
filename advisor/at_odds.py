"""Answers that the user's data contradicts: told, and left as they are."""

from collections.abc import Iterable

from advisor.facts import Known
from advisor.question_types import Question
from advisor.questionnaire import AnswerSheet, in_words, visible

OF_THE_DATA = ("n_heldout", "n_examples", "n_preferences", "documents_size", "personal_data")
"""Facts that the files tell. What the model in the settings can do is no fact of them: another one
may be meant for later."""


def measured(sheet: AnswerSheet) -> dict[str, Question]:
    """The answered questions that the data can contradict, by their key."""
    return {
        one.key: one
        for one in visible(sheet.answers)
        if one.from_data in OF_THE_DATA and one.key in sheet.answers
    }


def at_odds(sheet: AnswerSheet, known: Iterable[Known]) -> tuple[str, ...]:
    """A sentence for each answer that measures what the data measures otherwise.

    Answers beside the scale, such as "yes, and the task needs it", contradict no figure. Those that
    the data has filled in itself contradict it once the data has changed.

    Args:
        sheet: The answers; those to questions that are not asked do not count.
        known: What the data answers.
    """
    asked, told = measured(sheet), list[str]()
    for fact in known:
        question = asked.get(fact.question)
        if question is None:
            continue
        given = question.option(sheet.answers[fact.question])
        if given.starts_at is not None and given.key != fact.option:
            text, option = in_words(question.key, given.key)
            told.append(
                f"“{text}” is answered “{option}”. Your data says otherwise: {fact.because}."
            )
    return tuple(told)
