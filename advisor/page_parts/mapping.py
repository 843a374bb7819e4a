"""What the columns mean and what counts as right, to be corrected on the Data page."""

import dataclasses
from collections.abc import Mapping, Sequence

import streamlit as st

from advisor.page_parts.text import heading, show_error
from advisor.project import INSTRUCTIONS, Project
from advisor.settings_file import Place, change
from harness.data_columns import Columns
from harness.errors import RungwiseError
from harness.language import LANGUAGES, named
from harness.metrics import metrics
from harness.scoring import by_facts, headline
from harness.task import Loaded
from harness.types import KINDS

ROLES = {
    "question": "Question",
    "answer": "Right answer",
    "id": "Row id",
    "group": "Group: rows that stay on one side of the split",
    "document": "Document with the answer",
    "key_facts": "Facts a right answer must contain",
}
KIND_WORDS = {
    "label": "one label of a list",
    "json": "a structured record",
    "answer": "a short answer",
    "text": "a longer text",
}


def mapping_part(project: Project, found: Loaded) -> None:
    """What each column means, to be corrected."""
    heading("What was understood", "Correct it here; it is written to rungwise.toml.")
    with st.form("mapping", border=False):
        sides = st.columns(2)
        chosen = {}
        for number, (role, words) in enumerate(ROLES.items()):
            with sides[number % 2]:
                chosen[role] = role_select(role, words, found.names, found.columns)
        with sides[0]:
            kind = st.selectbox(
                "A right answer is",
                KINDS,
                index=KINDS.index(project.task.kind),
                format_func=lambda kind: KIND_WORDS[kind],
                key="map_kind",
            )
        with sides[1]:
            codes = list(dict.fromkeys((*LANGUAGES, project.project.language)))
            language = st.selectbox(
                "Language",
                codes,
                index=codes.index(project.project.language),
                format_func=named,
                key="map_language",
            )
        metric = metric_select(project, found)
        instruction = st.text_area(
            "Instruction to the model", project.spec().instruction, key="map_instruction", height=80
        )
        abstention = st.text_input(
            "What to say where the answer is not known",
            project.task.abstention,
            key="map_abstention",
            placeholder="I do not know.",
            help="For short answers. Left empty, a question without an answer cannot be used.",
        )
        if st.form_submit_button("Save and read again", key="map_save"):
            values: dict[Place, str | None] = {
                ("project", "language"): language,
                ("task", "kind"): kind,
                ("task", "metric"): metric if metric and kind in metrics()[metric].kinds else None,
                ("task", "instruction"): instruction.strip() or INSTRUCTIONS[kind],
                ("task", "abstention"): abstention.strip() or None,
            }
            save(project, chosen, values)


def metric_select(project: Project, found: Loaded) -> str:
    """The score that decides; empty = the usual one of such data."""
    kind, given = project.task.kind, project.task.metric
    titles = {name: one.title for name, one in metrics().items() if kind in one.kinds}
    unset = dataclasses.replace(project.spec(), metric="")
    usual = headline(by_facts(unset, found.examples))
    options = ["", *titles]
    chosen: str = st.selectbox(
        "What counts as right",
        options,
        index=options.index(given) if given in options else 0,
        format_func=lambda name: titles.get(name, f"as usual: {usual.title}"),
        key="map_metric",
        help="The score that decides; the report shows the others as well. As usual, the facts "
        "that a right answer must contain decide where every question has some.",
    )
    return chosen


def role_select(role: str, words: str, names: Sequence[str], given: Columns) -> str | None:
    """The column that plays a role; None = no column does."""
    now = getattr(given, role)
    options = ["", *names]
    column: str = st.selectbox(
        words,
        options,
        index=options.index(now) if now in options else 0,
        format_func=lambda name: name or "none",
        key=f"map_{role}",
    )
    return column or None


def save(
    project: Project, columns: Mapping[str, str | None], others: Mapping[Place, str | None]
) -> None:
    """Write the mapping and the other settings of the form."""
    mapping: dict[Place, str | None] = {
        ("data", "columns", role): name for role, name in columns.items()
    }
    # [data] group is a shorthand for the same column, which would win otherwise
    write(project, {**mapping, ("data", "group"): None, **others})


def write(project: Project, values: Mapping[Place, str | None]) -> None:
    """Write settings and draw the page anew; what cannot be used is said and nothing changes."""
    try:
        change(project.root, values)
    except RungwiseError as error:
        show_error(error)
        return
    st.rerun()
