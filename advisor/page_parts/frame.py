"""What stands around every page: which project and run are open, and the first line.

Both are kept in the address (`?project=…&run=…`), so a reload, a bookmark or a restart of the app
shows the same thing; everything else is read from the project's folder.
"""

import os
from pathlib import Path
from typing import NoReturn

import streamlit as st

from advisor.charts.style import DARK, LIGHT, Chart, Theme
from advisor.page_parts.style import CSS
from advisor.page_parts.text import html, show_error
from advisor.project import Project, open_project
from harness.errors import RungwiseError
from harness.store import Run, runs_in

PROJECT = "project"
RUN = "run"


def dress() -> None:
    """The style sheet."""
    st.html(CSS)


def remember() -> None:
    """What is open: the address wins, then what this session had open, then the command."""
    st.session_state.setdefault(PROJECT, os.environ.get("RUNGWISE_PROJECT", ""))
    st.session_state.setdefault(RUN, "")
    # Moving to another page empties the address, so it is filled again from the session.
    for name in (PROJECT, RUN):
        given = st.query_params.get(name, "")
        if given:
            st.session_state[name] = given
        elif st.session_state[name]:
            st.query_params[name] = st.session_state[name]


def open_up(project: Path | str, run: str = "") -> None:
    """Make this project, and this run of it, the ones that pages show."""
    for name, value in ((PROJECT, str(project)), (RUN, run)):
        st.session_state[name] = value
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def go(page: str) -> NoReturn:
    """Show another page."""
    st.switch_page(f"advisor/pages/{page}.py")


def project_or_stop(where: str) -> Project:
    """The open project; without one the page says so and ends."""
    remember()
    chosen = st.session_state[PROJECT]
    if not chosen:
        first_line(where, "", "No project is open yet.", ("Choose a project", "start"))
        st.stop()
    try:
        return open_project(Path(chosen))
    except RungwiseError as error:
        first_line(where, "", "The project cannot be opened.", ("Choose another", "start"))
        show_error(error)
        st.stop()


def run_or_none(project: Project) -> Run | None:
    """The chosen run, or else the project's newest; None where nothing was ever run."""
    runs = runs_in(project.root)  # their results are not read: one of them may be damaged
    chosen = [run for run in runs if run.name == st.session_state[RUN]]
    return next(iter([*chosen, *runs]), None)


def chart_theme() -> Theme:
    """The greys that charts are drawn with on this screen."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def show_chart(chart: Chart | None, wide: bool = False) -> None:
    """Draw a chart, where there is one.

    Args:
        chart: drawn as it is.
        wide: stretch it to the place it stands in; only for charts whose labels move along.
    """
    if chart is None:
        return
    # The page wants to add to each side's padding and fails on a single number; left to itself it
    # presses axes and plot together into the size of the plot.
    fitted = chart.properties(
        padding=dict.fromkeys(("left", "right", "top", "bottom"), 4),
        autosize={"type": "fit-x", "contains": "padding"} if wide else "pad",
    )
    st.altair_chart(fitted, theme=None, width="stretch" if wide else "content")


def first_line(where: str, project: str, state: str, step: tuple[str, str] | None = None) -> None:
    """Where am I, what is the state, what is the next step.

    Args:
        where: the page's name.
        project: the project's name; may be empty.
        state: one or two sentences.
        step: words on the button, and the page it leads to.
    """
    left, right = st.columns([4, 1.3], vertical_alignment="center", gap="medium")
    with left:
        html(
            '<h1 class="rw-where">{where}<small>{project}</small></h1>'
            '<p class="rw-state">{state}</p>',
            where=where,
            project=project,
            state=state,
        )
    if step:
        words, page = step
        with right:
            if st.button(
                words,
                type="primary",
                width="stretch",
                icon=":material/arrow_forward:",
                icon_position="right",
                key="next_step",
            ):
                go(page)
