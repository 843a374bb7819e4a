"""Would more data help, on a page: start it, watch it, stop it, see what it found."""

import streamlit as st

from advisor import learning, probing
from advisor.numbers import seconds
from advisor.page_parts.blocks import section
from advisor.page_parts.running import now_words, progress_part
from advisor.page_parts.text import heading, say, show_error
from advisor.progress import curve_progress, state_of
from advisor.report import Report
from harness.beside import is_probing
from harness.errors import RungwiseError
from harness.learning.result import (
    NAME,
    RESULT,
    TITLE,
    WHAT,
    plan_of,
    store_of,
)
from harness.learning.running import SEEDS, SHARES
from harness.retraining import trained_cells, trained_rungs
from harness.rungs import title_of
from harness.store import Run

EVERY_S = 1.5
STOPPING = "curve_stopping"


def curve_part(run: Run, shown: Report) -> None:
    """The learning curve, or the button that starts it; nothing where nothing was trained."""
    trained = trained_rungs(run)
    if not trained:
        return
    store = store_of(run)
    state = state_of(store, result=RESULT) if store.folder.is_dir() else ""
    known = any(part.key == NAME for part in shown.sections)
    heading(TITLE, "" if known else WHAT)
    if state in ("starting", "running"):
        watch(run)
        return
    section(shown, NAME, title=False)
    plan = plan_of(store)
    whole = plan is not None and all(store.finished(cell) for cell in plan.cells)
    if state != "finished" or not whole:
        _start_part(run, trained[0], state)


def _start_part(run: Run, rung: str, state: str) -> None:
    """The button, with what it will do and how long that may take."""
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        if state:
            why = "A training failed." if state == "finished" else "It was stopped before its end."
            say(f"{why} It can go on; no training is done twice.")
        else:
            sizes = ", ".join(f"{share:.0%}".replace("%", " %") for share in SHARES)
            say(
                f"{title_of(rung)} is trained on {sizes} of the rows, {SEEDS} times each; the "
                "check's own training counts as 100 %. One on all rows took "
                f"{seconds(_took(run, rung))} in the check; smaller ones take their part of it."
            )
    with button:
        pressed = st.button(
            "Go on" if state else "Start this",
            key=f"start_{NAME}",
            disabled=is_probing(run),
            width="stretch",
        )
    if pressed:
        try:
            st.session_state.pop(STOPPING, None)
            learning.start_in_background(run)
        except RungwiseError as error:
            show_error(error)
            return
        st.rerun()


def _took(run: Run, rung: str) -> float:
    """Seconds of the check's first training."""
    return run.cell(trained_cells(run, rung)[0]).preparation.seconds


@st.fragment(run_every=EVERY_S)
def watch(run: Run) -> None:
    """Trainings under way; drawn anew every moment, until they end."""
    now = curve_progress(store_of(run))
    if now.state not in ("starting", "running"):
        st.rerun()
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        say(now_words(now, "training"))
    with button:
        pressed = st.button("Stop", key=f"stop_{NAME}", width="stretch")
        if pressed and probing.cancel(run, NAME):
            st.session_state[STOPPING] = run.name
    if st.session_state.get(STOPPING) == run.name:
        say("Stopping. What is trained is kept.", "rw-p rw-quiet")
    progress_part(now, True, {})
