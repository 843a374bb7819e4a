"""What can be taken along: a trained model, asked again before it counts as done, and the rows."""

from pathlib import Path

import streamlit as st

from advisor import training_set
from advisor.export_words import FORMS, NOTHING, untagged_sentence, word_of
from advisor.exporting import (
    Wanted,
    free_folder,
    is_exporting,
    last_words,
    start_export,
    stop_export,
)
from advisor.page_parts.text import heading, html, plain, say, show_error
from advisor.project import Project
from advisor.training_formats import training_formats
from harness.adapting import adapter_folder
from harness.cell import parse_cell
from harness.errors import RungwiseError, UserError
from harness.exporting import exports_of, trained_cells
from harness.rungs import title_of
from harness.store import Run
from tuning.models.whole import is_whole

EVERY_S = 1.5


def taking_part(project: Project, run: Run) -> None:
    """Everything that leaves the check as files for other programs."""
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        heading(
            "The trained model",
            "Loaded again by other libraries and asked the held-out questions once more; it is "
            "done only if it answers as measured.",
        )
        if is_exporting(run):
            _watch(run)
        else:
            _choose(project, run)
        _done(run)
    with right:
        heading(
            "The training rows",
            "For tuning elsewhere, with the same system prompt. Never a dev row, never a "
            "held-out one.",
        )
        _rows(project, run)


def _choose(project: Project, run: Run) -> None:
    """Which model, in which form, and where to."""
    cells = trained_cells(run)
    if not cells:
        say(
            "Nothing was trained in this check, or its adapters are gone.",
            "rw-p rw-quiet rw-text",
        )
        return
    seeds = len(cells) > len({parse_cell(cell)[0] for cell in cells})

    def named(cell: str) -> str:
        rung, seed = parse_cell(cell)
        return f"{title_of(rung)}, training {seed + 1}" if seeds else title_of(rung)

    which, form = st.columns(2, gap="small")
    with which:
        cell = st.selectbox("Which?", cells, format_func=named, key="export_cell")
    with form:
        whole = is_whole(adapter_folder(run.folder, cell))
        forms = ["full"] if whole else ["adapter", "merged"]
        kind = st.segmented_control(
            "As what?",
            forms,
            default=forms[0],
            format_func=lambda one: FORMS[one][0].upper() + FORMS[one][1:],
            required=True,
            key="export_form_full" if whole else "export_form",
        )
    rung, seed = parse_cell(cell)
    proposed = free_folder(project.root / "exports" / f"{run.name}-{cell}-{kind}")
    where = st.text_input("Into a new folder", str(proposed), key=f"export_to_{proposed.name}")
    if st.button("Export and verify", key="start_export"):
        wanted = Wanted(rung, seed, merged=kind == "merged")
        try:
            start_export(run, wanted, Path(where))
        except RungwiseError as error:
            show_error(error)
            return
        st.rerun()
    elif problems := last_words(run)[1]:
        show_error(UserError(*problems))


@st.fragment(run_every=EVERY_S)
def _watch(run: Run) -> None:
    """The export at work; the page is drawn anew when it ends."""
    if not is_exporting(run):
        st.rerun()
    words, button = st.columns([3, 1], vertical_alignment="center")
    with words:
        say(f"At work: {last_words(run)[0] or 'starting …'}", "rw-p rw-text")
    with button:
        if st.button("Stop", key="stop_export", width="stretch"):
            stop_export(run)
    say("You may close this page.", "rw-p rw-small rw-quiet")


def _done(run: Run) -> None:
    """What was exported, the newest first."""
    records = exports_of(run)
    if not records:
        say(NOTHING, "rw-p rw-small rw-quiet")
    for record in reversed(records):
        html(
            '<p class="rw-p rw-text"><span class="rw-tag {tag}">{word}</span> {text}<br>'
            '<span class="rw-quiet rw-small">{folder}</span></p>',
            tag="good" if record.verified else "stop",
            word=word_of(record),
            text=untagged_sentence(record),
            folder=record.folder,
        )


def _rows(project: Project, run: Run) -> None:
    """A button for each format."""
    rows = training_set.of_run(run)
    for name, one in training_formats().items():
        st.download_button(
            f"For {plain(one.title)}",
            training_set.as_bytes(rows, name),
            file_name=f"{project.root.name}-{run.name}-train-{name}{one.suffix}",
            mime=one.mime,
            key=f"rows_{name}",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
