"""Before anything runs: what can be shown, what is good enough, and whether to stop there."""

from typing import NamedTuple

import streamlit as st

from advisor.page_parts.text import say
from advisor.project import Project
from advisor.showing_words import showing_sentence
from advisor.target_words import pays_sentence
from harness.showing import showing
from harness.types import Task


class Target(NamedTuple):
    """What the user asks of a check."""

    share: float | None
    """Of right answers; None where that is not decided."""
    climb: bool
    """Stop at the first rung that reaches it."""
    wrong_undoes: float | None
    """Right answers that one wrong answer undoes; None where nobody said."""


def showing_part(task: Task, rungs: int) -> None:
    """Which difference between so many rungs the held-out set can show."""
    if said := showing_sentence(showing(task.heldout, task.spec), rungs):
        say(said, "rw-p rw-small rw-quiet")


def target_part(project: Project) -> Target:
    """Three fields in a row; what they said last time stands in rungwise.toml."""
    known = project.check.target
    share, worth, stop = st.columns([1.3, 1.3, 1.3], gap="large", vertical_alignment="top")
    with share:
        asked = st.number_input(
            "Good enough from … right answers in 100",
            min_value=0.0,
            max_value=100.0,
            step=1.0,
            format="%g",
            # what the user wrote, to the last digit: it is written back when the check starts
            value=None if known is None else round(100 * known, 6),
            placeholder="not decided",
            key="check_target",
        )
    with worth:
        wrong = st.number_input(
            "Not sure? How many right answers make up for one wrong one?",
            min_value=0.0,
            value=project.check.wrong_undoes,
            step=1.0,
            format="%g",
            placeholder="for example 4",
            key="check_wrong_cost",
        )
        if wrong is not None:
            say(pays_sentence(wrong, project.prices), "rw-p rw-small rw-quiet")
    with stop:
        climb = st.checkbox(
            "Stop at the first rung that is good enough",
            value=project.check.climb and asked is not None,
            disabled=asked is None,
            key="check_climb",
        )
        say(
            "Saves time; whether a more expensive rung would do better is then left open.",
            "rw-p rw-small rw-quiet",
        )
    target = None if asked is None else round(asked / 100, 8)
    return Target(target, bool(climb) and asked is not None, wrong)
