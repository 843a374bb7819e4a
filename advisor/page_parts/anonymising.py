"""A copy of the project without personal data, offered where such data was found."""

from pathlib import Path

import streamlit as st

from advisor.anonymise import anonymise, checked_names
from advisor.anonymise_words import LIMITS, done_lines
from advisor.page_parts.text import bullets, plain, say, show_error
from advisor.project import Project
from harness.errors import Problem, RungwiseError, UserError


def anonymise_part(project: Project) -> None:
    """Ask where to, what else and what not; then write the copy and say what was replaced."""
    with (
        st.expander("Make a copy of the project without personal data"),
        st.form("anonymise", border=False),
    ):
        name = st.text_input(
            "Folder of the copy",
            f"{project.root.name}-anonymised",
            key="anonymise_out",
            help=f"It is written into {plain(str(project.root.parent))}.",
        )
        names = st.text_area(
            "Names to replace as well, one a line", key="anonymise_names", height=80
        )
        keep = st.text_input(
            "Leave these as they are",
            key="anonymise_keep",
            placeholder="@example.com, 0800 123 456",
            help="Your own public addresses and numbers, with commas between them.",
        )
        pressed = st.form_submit_button("Write the copy", key="anonymise_start")
        say(LIMITS, "rw-p rw-small rw-quiet")
        if pressed:
            _write(project, name, names.splitlines(), keep.split(","))


def _write(project: Project, name: str, names: list[str], keep: list[str]) -> None:
    bar = st.progress(0.0, "Reading the data")

    def step(what: str, number: int, total: int) -> None:
        bar.progress(number / max(1, total), what)

    try:
        out = _beside(project.root, name)
        done = anonymise(
            project,
            out,
            names=checked_names(names, "Names to replace"),
            keep=keep,
            on_step=step,
        )
    except RungwiseError as error:
        bar.empty()
        show_error(error)
        return
    bar.empty()
    bullets("The copy is written", (line for line in done_lines(done) if line != LIMITS))


def _beside(root: Path, name: str) -> Path:
    """The folder of that name beside the project."""
    if name != Path(name).name or not name.strip(". "):
        fix = "use a name without slashes"
        raise UserError(Problem(f"{name!r} is no name for a folder", fix, "Folder of the copy"))
    return root.parent / name
