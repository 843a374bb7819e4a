"""Probes on a page: start one, watch it, stop it, see what it found."""

import dataclasses
from collections.abc import Sequence

import streamlit as st

from advisor import probing
from advisor.numbers import in_sentence, seconds
from advisor.page_parts.blocks import draw_blocks
from advisor.page_parts.running import now_words, progress_part
from advisor.page_parts.text import heading, say, show_error
from advisor.progress import probe_progress, state_of
from advisor.report import Report
from harness.beside import is_probing, store_of
from harness.cell import parse_cell
from harness.errors import RungwiseError
from harness.probe import DEFAULT_COUNT, Probe, ProbeType
from harness.probe_measuring import cells_of, finished_cells, reads
from harness.probe_result import RESULT, plan_of
from harness.probes import probes
from harness.retraining import planted_cells
from harness.rungs import title_of
from harness.store import Run
from harness.trained import TrainedProbe
from harness.trained_measuring import cells_tested
from rag.load import supported_suffixes

EVERY_S = 1.5
STOPPING = "probe_stopping"
GO_ON = {"stopped": "It was stopped.", "open": "One of the rungs has not been asked."}


def probes_part(run: Run, shown: Report) -> None:
    """Every probe with its result, or the button that starts it."""
    say(
        "The rungs of this check are asked again: with copies of the documents that were changed, "
        "or about what training left in them. Where something is trained again it says so; your "
        "files and the models of the check stay as they are.",
        "rw-p rw-quiet",
    )
    states = {name: _state(run, name) for name in probes()}
    starting = any(state in ("starting", "running") for state in states.values())
    busy = starting or is_probing(run)
    for name, probe in probes().items():
        # a result begins with what was done
        known = any(part.key == f"probe_{name}" for part in shown.sections)
        heading(probe.title, "" if known else probe.what)
        if states[name] in ("starting", "running"):
            watch(run, name)
            continue
        _found(shown, name)
        held = probing.obstacle(run, name)
        if states[name] != "finished":
            _start_part(run, probe, states[name], busy, held)
        own = isinstance(probe, ProbeType) and probe.compare is not None
        if own and not held:
            _own_part(run, probe, busy)
        if isinstance(probe, TrainedProbe) and probe.plants and not probing.obstacle(run, name):
            _secrets_part(run, probe, busy)


def _state(run: Run, name: str) -> str:
    """Of a probe; empty where it was never begun, ``open`` where it ended with a rung unasked."""
    store = store_of(run, name)
    if not store.folder.is_dir():
        return ""
    state = state_of(store, result=RESULT)
    unasked = not all(store.finished(cell) for cell in cells_of(store))
    return "open" if state == "finished" and unasked else state


def _found(shown: Report, name: str) -> None:
    """What a probe found; the long list of single changes, which comes last, is folded away."""
    found = next((one for one in shown.sections if one.key == f"probe_{name}"), None)
    if found is not None:
        draw_blocks(found.blocks[:-1])
        tested = isinstance(probes()[name], TrainedProbe)
        label = "Item by item" if tested else "What was changed, one by one"
        with st.expander(label, key=f"changes_{name}"):
            draw_blocks(found.blocks[-1:])


def _start_part(run: Run, probe: Probe, state: str, busy: bool, held: str) -> None:
    """The button to start a probe, or to go on with one that was stopped.

    Args:
        run: whose rungs are asked.
        probe: to start.
        state: as `_state`.
        busy: another one runs.
        held: why it cannot be started; empty where it can.
    """
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        if held:
            say(f"Cannot be started: {in_sentence(held)}")
        elif state in GO_ON:
            say(f"{GO_ON[state]} It can go on where it was; no answer is asked for twice.")
        elif isinstance(probe, TrainedProbe):
            cells = cells_tested(run, dataclasses.replace(probe, base_apart=False))
            names = dict.fromkeys(parse_cell(cell)[0] for cell in cells)
            rungs = " and ".join(in_sentence(title_of(name)) for name in names)
            if probe.trains:
                spent = seconds(sum(run.cell(cell).preparation.seconds for cell in cells))
                say(f"Trained again: {rungs}, all weights. Training took {spent} in the check.")
            else:
                say(f"Asked of {rungs}, and of the base model.")
        else:
            names = dict.fromkeys(parse_cell(c)[0] for c in finished_cells(run) if reads(c))
            rungs = " and ".join(in_sentence(title_of(name)) for name in names)
            asked = f"Up to {DEFAULT_COUNT} questions are asked of {rungs} again"
            say(f"{asked}; rungs that read no documents keep their answers." if rungs else "")
    label = "Go on" if state in GO_ON else "Start this"
    with button:
        off = busy or bool(held)
        pressed = st.button(label, key=f"start_{probe.name}", disabled=off, width="stretch")
    if pressed:
        _start(run, probe)


def _own_part(run: Run, probe: Probe, busy: bool) -> None:
    """The user's own edits in the place of made-up ones."""
    with st.expander("With your own changes", key=f"own_{probe.name}"):
        say("Change facts in copies of your documents, and give the copies here, names unchanged.")
        # A form holds its button back until every file has arrived.
        with st.form(f"own_form_{probe.name}", border=False, enter_to_submit=False):
            files = st.file_uploader(
                "Edited documents",
                type=supported_suffixes(),
                accept_multiple_files=True,
                key=f"edited_{probe.name}",
                label_visibility="collapsed",
            )
            label, key = "Start with these", f"start_own_{probe.name}"
            pressed = st.form_submit_button(label, key=key, disabled=busy)
        if pressed and files:
            _start(run, probe, [(file.name, file.getvalue()) for file in files])
        elif pressed:
            say("There are no files. Add the documents that you have changed.")


def _secrets_part(run: Run, probe: Probe, busy: bool) -> None:
    """Made-up secrets beside the other looks, until they have been planted."""
    plan, cells = plan_of(store_of(run, probe.name)), planted_cells(run)
    if (plan is not None and plan.secrets) or not cells:
        return
    with st.expander("With made-up secrets", key=f"secrets_{probe.name}"):
        names = " and ".join(in_sentence(title_of(parse_cell(cell)[0])) for cell in cells)
        spent = seconds(sum(run.cell(cell).preparation.seconds for cell in cells))
        say(
            f"From how many rows on does a secret come back? Trained once more for that: {names}, "
            "on a copy of the rows with eight made-up codes among them; what comes of it is thrown "
            f"away. Preparing took {spent} in the check."
        )
        label = "Train once more with made-up secrets"
        if st.button(label, key=f"start_secrets_{probe.name}", disabled=busy):
            _start(run, probe, secrets=True)


def _start(
    run: Run, probe: Probe, edited: Sequence[tuple[str, bytes]] = (), secrets: bool = False
) -> None:
    try:
        with st.spinner("Getting ready …"):
            st.session_state.pop(STOPPING, None)
            probing.start_in_background(run, probe.name, edited, secrets)
    except RungwiseError as error:
        show_error(error)
        return
    st.rerun()


@st.fragment(run_every=EVERY_S)
def watch(run: Run, name: str) -> None:
    """A running probe; drawn anew every moment, until it ends."""
    now = probe_progress(store_of(run, name))
    if now.state not in ("starting", "running"):
        st.rerun()
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        say(now_words(now, "probe"))
    with button:
        pressed = st.button("Stop", key=f"stop_{name}", width="stretch")
        if pressed and probing.cancel(run, name):
            st.session_state[STOPPING] = (run.name, name)
    if st.session_state.get(STOPPING) == (run.name, name):
        say("Stopping. The answers so far are kept.", "rw-p rw-quiet")
    progress_part(now, run.plan().seeds > 1, {})
