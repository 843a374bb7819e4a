"""Which model is used and how it is tuned, and what that would need on a graphics card."""

import dataclasses

import streamlit as st

from advisor.needs import METHOD_WORDS, assumed, card_line, method_needs
from advisor.numbers import size
from advisor.page_parts.blocks import draw_blocks
from advisor.page_parts.text import say, show_error
from advisor.project import Project
from advisor.report.document import Table
from advisor.settings_file import change
from harness.errors import RungwiseError, UserError
from harness.estimate import CheckNeed
from harness.settings import settings_problems
from harness.types import Task
from tuning.recipe import METHODS

CARD_GB = 24.0
"""A usual card's memory."""


def model_part(project: Project, task: Task, need: CheckNeed | None) -> None:
    """Another model or way of tuning; and which ways a card has room for.

    Args:
        project: whose settings are changed.
        task: to hold a model against.
        need: what the check takes here; None where the machine was not measured.
    """
    with st.expander("Model, way of tuning, and what a graphics card would have room for"):
        with st.form("model", border=False):
            generator = st.text_input(
                "Model",
                project.model.generator,
                key="model_generator",
                help="The name of an embedded model, a folder in the project, a hub id that was "
                "fetched (rungwise models pull), or openai:http://127.0.0.1:8000/v1#name.",
            )
            method = st.selectbox(
                "Way of tuning",
                METHODS,
                index=METHODS.index(project.sections.tuning.method),
                format_func=lambda name: METHOD_WORDS[name],
                key="model_method",
            )
            if st.form_submit_button("Use these", key="model_save"):
                _save(project, task, generator.strip(), method)
        if need is not None:
            _card(project.model.generator, need)


def _save(project: Project, task: Task, generator: str, method: str) -> None:
    now = project.settings()
    tuning = dataclasses.replace(now.tuning, method=method)
    wanted = dataclasses.replace(now, generator=generator, tuning=tuning)
    problems = settings_problems(project.root, wanted, project.task.metric, task.spec.kind)
    try:
        if problems:
            raise UserError(*problems)
        change(project.root, {("model", "generator"): generator, ("tuning", "method"): method})
    except RungwiseError as error:
        show_error(error)
        return
    st.rerun()


def _card(name: str, need: CheckNeed) -> None:
    """Memory of each way on a card, for rows like this task's."""
    memory = st.number_input(
        "Memory of a graphics card, GB", 1.0, 1_000.0, CARD_GB, 1.0, key="model_card"
    )
    row, answer = need.longest_row, need.amounts.answer
    known = need.on_card and need.speed.precision_bytes == 4  # as was measured on this card
    taken = assumed(need.speed.device, False) if known else assumed("", True)
    found = method_needs(need.sizes, row, answer, need.rank, memory, taken.width)
    rows = tuple(
        (one.words, size(one.memory_bytes), size(one.least_bytes), "yes" if one.fits else "no")
        for one in found
    )
    head = ("", "Memory", "At the least, slower", "Fits")
    draw_blocks([Table(f"Memory of each way, in {taken.precision}", head, rows)])
    say(taken.why, "rw-p rw-small rw-quiet")
    say(card_line(name, found, memory), "rw-p rw-small rw-quiet")
