"""Worked cases as cards: start the questionnaire from the one that is most like yours."""

from collections.abc import Callable

import streamlit as st

from advisor.page_parts.text import html, say
from advisor.question_types import Case, Question
from advisor.questionnaire import AnswerSheet, cases

IN_A_ROW = 3


def case_cards(sheet: AnswerSheet, take: Callable[[Case], None]) -> None:
    """All cases; open as long as nothing is answered.

    Args:
        sheet: the answers so far.
        take: called with the case that was chosen.
    """
    with st.expander("Start from a case like yours", expanded=not sheet.answers):
        say(
            "Choosing one fills in what follows from the case and what is typical of it; each such "
            "answer stays marked until you confirm or change it. What you or your data have "
            "answered stays as it is. What depends on your own stock and house is left open.",
            "rw-p rw-quiet rw-small",
        )
        known = list(cases())
        for start in range(0, len(known), IN_A_ROW):
            places = st.columns(IN_A_ROW, gap="small")
            for place, case in zip(places, known[start : start + IN_A_ROW], strict=False):
                with place.container(border=True, height="stretch"):
                    _card(case, take)


def _card(case: Case, take: Callable[[Case], None]) -> None:
    html(
        '<h3 class="rw-h">{title}</h3><p class="rw-p rw-small">{story}</p>'
        '<p class="rw-p rw-small rw-quiet">{filled} answers filled in, {left} left to you</p>',
        title=case.title,
        story=case.story,
        filled=len(case.marks()),
        left=len(case.open),
    )
    # not a callback: reading the data shows how far it is, which needs a place on the page
    if st.button("Start from this", key=f"case_{case.key}"):
        take(case)


def mark_part(question: Question, sheet: AnswerSheet, confirm: Callable[[], None]) -> None:
    """Where an answer comes from that the user has not given, and what the story's team said."""
    if question.key in sheet.from_data:
        say(f"Filled in from your data: {sheet.from_data[question.key]}.", "rw-p rw-small rw-quiet")
    if question.key in sheet.from_case:
        with st.container(horizontal=True, vertical_alignment="center"):
            html(
                '<p class="rw-p rw-small"><span class="rw-tag warn">from the case</span> '
                "{words}. Confirm it, or choose another answer.</p>",
                words=sheet.from_case[question.key],
            )
            st.button("That is so", key="confirm_case", on_click=confirm)
    elif question.key not in sheet.answers and (case := _taken(sheet)) is not None:
        option = case.open.get(question.key)
        if option is not None:
            text = question.option(option).text
            say(f"Left open by the case; its team answered: {text}.", "rw-p rw-small rw-quiet")


def _taken(sheet: AnswerSheet) -> Case | None:
    """The case whose marks are on the sheet; None once all are confirmed."""
    words = set(sheet.from_case.values())
    return next((case for case in cases() if words & set(case.marks().values())), None)
