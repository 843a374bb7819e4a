"""Ask them yourself, on a page: a question to every rung of a check, answered in the background."""

import time
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from advisor import background
from advisor.numbers import seconds
from advisor.page_parts.text import html, joined, markup, say, show_error
from advisor.places import shown
from advisor.progress import START_S
from harness.asking import LONGEST, Given, asked_at, checked, last_tried
from harness.beside import is_probing
from harness.errors import RungwiseError
from harness.executors.local import last_line
from harness.locking import is_held
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
    if _at_work(run):
        watch(run)
    else:
        _newest(run)


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


def _log(run: Run) -> Path:
    return asked_at(run).folder / "answer.log"


def _unanswered(run: Run) -> bool:
    """Whether the newest answers are still those before this session's question."""
    named, before = st.session_state.get(STARTED, ("", ""))
    tried = last_tried(run)
    return bool(named == run.name and (tried.at if tried else "") == before)


def _at_work(run: Run) -> bool:
    """Whether a process answers, or has just been started to."""
    log = _log(run)
    if not log.parent.is_dir():
        return False
    if is_held(log.with_name(LOCK)):
        return True
    young = log.is_file() and time.time() - log.stat().st_mtime < START_S
    return _unanswered(run) and young and not last_line(log).startswith("fix: ")


@st.fragment(run_every=EVERY_S)
def watch(run: Run) -> None:
    """What is going on; drawn anew every moment, until it ends."""
    if not _at_work(run):
        st.rerun()
    say(f"Asking: {last_line(_log(run)) or 'opening the model …'}", "rw-p rw-quiet")


def _newest(run: Run) -> None:
    """The newest answers, or why this session's question has none."""
    tried = last_tried(run)
    if _unanswered(run):
        lines = _log(run).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        html('<p class="rw-p">No answer came. {text}</p>', text=" ".join(lines[-2:]))
    elif tried is not None:
        html('<p class="rw-p"><b>{question}</b></p>', question=tried.question)
        html("{rows}", rows=joined(_row(one) for one in tried.given))


def _row(one: Given) -> Markup:
    """One rung's answer; everything in it is foreign text."""
    passages = joined(
        markup('<p class="rw-p rw-small rw-quiet">{line}</p>', line=line) for line in shown(one)
    )
    return markup(
        '<h3 class="rw-h">{title} <small>{took}</small></h3><p class="rw-p">{text}</p>{shown}',
        title=one.title,
        took=seconds(one.seconds),
        text=f"No answer: {one.failure}" if one.failure else one.text or "(empty)",
        shown=passages,
    )
