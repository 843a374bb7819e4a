"""Ask them yourself, on a page: a question to every rung of a check, answered in the background."""

import streamlit as st
from markupsafe import Markup

from advisor import background
from advisor.numbers import seconds
from advisor.page_parts.text import html, joined, markup, say, show_error
from harness.asking import LONGEST, Given, asked_at, checked, last_tried
from harness.errors import RungwiseError
from harness.executors.local import last_line
from harness.locking import is_held
from harness.probing import is_probing
from harness.runner import LOCK
from harness.store import Run

EVERY_S = 1.5
STARTED = "asking_started"
"""Session key: the run that a question was put to, and the moment of the answers before it."""


def asking_part(run: Run) -> None:
    """A field for the question, and under it what every rung says."""
    say(
        "Every rung of this check answers your question, from one model that is opened once. "
        "Nothing is scored: one question shows how rungs differ, not which is better.",
        "rw-p rw-quiet",
    )
    with st.form("asking", border=False):
        question = st.text_area(
            "Your question", key="asking_question", max_chars=LONGEST, height=80
        )
        pressed = st.form_submit_button("Ask them", disabled=is_probing(run))
    if pressed:
        try:
            _start(run, checked(question))
        except RungwiseError as error:
            show_error(error)
    watch(run)


def _start(run: Run, question: str) -> None:
    """Ask in a process of its own; the question goes through a file, not through its command."""
    folder = asked_at(run).folder
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "question.txt"
    file.write_text(question, encoding="utf-8")
    before = last_tried(run)
    st.session_state[STARTED] = (run.name, before.at if before else "")
    arguments = ["answer", str(run.folder), "--from", str(file)]
    background.start(arguments, folder / "answer.log", anew=True)


@st.fragment(run_every=EVERY_S)
def watch(run: Run) -> None:
    """The newest answers; while they are computed, what is going on."""
    tried = last_tried(run)
    named, before = st.session_state.get(STARTED, ("", ""))
    waiting = named == run.name and (tried is None or tried.at == before)
    log = asked_at(run).folder / "answer.log"
    if waiting and last_line(log).startswith("fix: "):
        st.session_state.pop(STARTED)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        html('<p class="rw-p">{text}</p>', text=" ".join(lines[-2:]))
        return
    if waiting or is_held(log.with_name(LOCK)) if log.parent.is_dir() else waiting:
        say(f"Asking: {last_line(log) or 'opening the model …'}", "rw-p rw-quiet")
        return
    if tried is None:
        return
    html('<p class="rw-p"><b>{question}</b></p>', question=tried.question)
    html("{rows}", rows=joined(_row(one) for one in tried.given))


def _row(one: Given) -> Markup:
    """One rung's answer; everything in it is foreign text."""
    shown = ""
    if one.sources:
        shown = markup(
            '<p class="rw-p rw-small rw-quiet">shown: {sources}</p>', sources=", ".join(one.sources)
        )
    return markup(
        '<h3 class="rw-h">{title} <small>{took}</small></h3><p class="rw-p">{text}</p>{shown}',
        title=one.title,
        took=seconds(one.seconds),
        text=f"No answer: {one.failure}" if one.failure else one.text or "(empty)",
        shown=shown,
    )
