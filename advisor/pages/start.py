"""Start: what this does, and three doors into it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import streamlit as st

from advisor.page_parts.frame import PROJECT, first_line, go, open_up, remember
from advisor.page_parts.text import heading, html, plain, say, show_error
from advisor.sample_projects import SAMPLES
from advisor.shelf import (
    Shelved,
    prior_and_evidence,
    projects_folder,
    recent,
    take_files,
    take_sample,
)
from harness.data_files import READERS
from harness.errors import RungwiseError
from rag.load import supported_suffixes

SAMPLE_WORDS = {
    "support-desk": ("Support desk", "Customers’ questions, answered from 36 pages of a shop."),
    "ticket-routing": ("Ticket routing", "Messages to be sorted into a fixed set of queues."),
    "order-json": ("Orders as records", "Orders in free text, to be turned into structured data."),
}
KINDS = (
    "Tables: CSV, Excel, JSON lines. Documents: PDF, Word, HTML, text and more; all files of a "
    "folder can be chosen at once."
)


def sample_door() -> None:
    """A sample project, copied so that it can be changed."""
    heading("Try a sample", "Written for demonstration. Nothing has to be prepared.")
    name = st.radio(
        "Sample",
        SAMPLES,
        format_func=lambda name: SAMPLE_WORDS[name][0],
        captions=[SAMPLE_WORDS[name][1] for name in SAMPLES],
        label_visibility="collapsed",
        key="start_sample",
    )
    if st.button("Open the sample", width="stretch", key="open_sample"):
        enter(lambda: take_sample(name))


def own_door() -> None:
    """The user's own files."""
    heading("My data", "A table of questions with right answers. Documents too, if you have them.")
    # A form holds its button back while a file is on its way; pressed too early, a button of the
    # page finds no files, and what it says of that is gone with the redrawing that follows.
    with st.form("own_data", border=False, enter_to_submit=False):
        name = st.text_input("Name of the project", key="start_name", placeholder="Support desk")
        files = st.file_uploader(
            "Files",
            type=sorted({*READERS, *supported_suffixes()}),
            accept_multiple_files=True,
            key="start_files",
            label_visibility="collapsed",
        )
        say(KINDS, "rw-p rw-small rw-quiet")
        pressed = st.form_submit_button("Make the project", width="stretch", key="make_project")
    if pressed:
        enter(lambda: take_files(name, [(file.name, file.getvalue()) for file in files]))


def known_door(projects: list[Shelved], agreed: str) -> None:
    """Projects that were worked on before, and how often answers and measurement agreed."""
    words = "" if projects else "Nothing here yet. Your projects will be listed here."
    heading("Go on with", words)
    for number, shelved in enumerate(projects):
        with st.container(gap=None, key=f"shelved_{number}"):
            if st.button(
                plain(shelved.name, 60),
                type="tertiary",
                icon=":material/folder_open:",
                key=f"open_{number}",
                help=plain(str(shelved.root)),
            ):
                open_up(shelved.root, shelved.run)
                go("compare" if shelved.run else "ask")
            html(
                '<p class="rw-p rw-small rw-quiet rw-text rw-under">{words}{when}</p>',
                words=shelved.words,
                when=f" ({day(shelved.at)})" if shelved.at else "",
            )
            if shelved.decision:
                say(shelved.decision, "rw-p rw-small rw-text rw-under")
    if agreed:
        say(agreed, "rw-p rw-small rw-quiet")


def next_step(projects: list[Shelved], opened: Path | None) -> str:
    """Where the open project goes on: at its result, where it has one."""
    run = next((one.run for one in projects if opened and one.root == opened.resolve()), "")
    return "compare" if run else "ask"


def day(at: str) -> str:
    """A moment as people write it, in their own time."""
    return datetime.fromisoformat(at).astimezone().strftime("%d %b, %H:%M").lstrip("0")


def enter(make: Callable[[], Path]) -> None:
    """Make a project, open it, and go to the questions."""
    try:
        root = make()
    except RungwiseError as error:
        show_error(error)
        return
    open_up(root)
    go("ask")


remember()
opened = st.session_state[PROJECT]
elsewhere = Path(opened) if opened else None
projects = recent(also=elsewhere)
first_line(
    "Prompt, retrieval or fine-tuning?",
    "",
    "Measured on your own data, on this machine. Answer some questions, look over the data, run "
    "every approach on the same held-out questions, and read what to use and how sure that is.",
    ("Go on", next_step(projects, elsewhere)) if opened else None,
)
doors = st.columns(3, gap="medium", border=True)
with doors[0]:
    sample_door()
with doors[1]:
    own_door()
with doors[2]:
    known_door(projects, prior_and_evidence(elsewhere).sentence)
say(
    f"Projects are kept in {projects_folder()}. Nothing leaves this machine unless you name a "
    "model elsewhere.",
    "rw-p rw-small rw-quiet",
)
