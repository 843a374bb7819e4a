"""Compare: the result in one sentence, one picture and three facts; then what is behind it."""

from collections.abc import Callable

import streamlit as st

from advisor import workflow
from advisor.items import choices
from advisor.page_parts.asking import asking_part
from advisor.page_parts.blocks import figure, section
from advisor.page_parts.cached import items, report
from advisor.page_parts.frame import first_line, open_up, project_or_stop, run_or_none
from advisor.page_parts.judging import judge_part, label_part
from advisor.page_parts.learning import curve_part
from advisor.page_parts.money import price_fields
from advisor.page_parts.probing import probes_part
from advisor.page_parts.text import html, joined, markup, say, show_error
from advisor.page_parts.walk import walk
from advisor.progress import state_of
from advisor.project import Project
from advisor.report import Report
from advisor.result_file import EXPERIMENT
from advisor.verdict import Verdict
from harness.closed_answers import CLOSED
from harness.errors import RungwiseError
from harness.experiment import Experiment
from harness.store import Run, runs_in

# Session key of the widget that shows another check.
CHOSEN = "compare_run"
AGREEMENT = {
    "confirmed": ("as expected", "good"),
    "overturned": ("not as expected", "warn"),
    "too_close_to_call": ("too close to call", "warn"),
}


def first_screen(project: Project, run: Run, shown: Report, verdict: Verdict) -> None:
    """One sentence, one picture, three facts."""
    words, tag = AGREEMENT.get(verdict.agreement or "", ("", ""))
    mark = markup('<span class="rw-tag {tag}">{words}</span>', tag=tag, words=words)
    sentence, other = st.columns([4, 1.3], gap="medium")
    with sentence:
        html(
            '<p class="rw-lead"><b>{headline}</b> {sentence} {mark}</p>',
            headline=shown.headline,
            sentence=shown.sentence,
            mark=mark if words else "",
        )
    with other:
        choose_run(project, run)
    with st.container(key="first_screen"):
        picture, facts = st.columns([1.25, 1], gap="large")
    with picture:
        figure(shown.picture, wide=True)
    with facts:
        rows = joined(
            markup(
                '<h3 class="rw-h">{title}</h3><p class="rw-p">{text}</p>',
                title=fact.title,
                text=fact.text,
            )
            for fact in shown.facts
        )
        mind = joined(markup('<p class="rw-p">{text}</p>', text=text) for text in shown.mind)
        head = markup('<h3 class="rw-h">Before you act on this</h3>') if mind else ""
        html("{rows}{head}{mind}", rows=rows, head=head, mind=mind)


def differences(shown: Report) -> None:
    """Every pair, fact and manner apart, how sure it is, what would change it."""
    for key in ("why", "voice", "pairs", "sure", "change"):
        section(shown, key)


def where_it_fails(run: Run, shown: Report) -> None:
    """Why each rung fails, and how well passages were found."""
    if not any(part.key == "fails" for part in shown.sections):
        say(
            "This check was made before Rungwise could say why a rung fails. This adds it; nothing "
            "is measured again:"
        )
        st.code(f"rungwise check . --run {run.name}", language=None)
    section(shown, "fails")
    section(shown, "search")


def walked(run: Run, experiment: Experiment, verdict: Verdict) -> None:
    """The held-out items one by one."""
    if any(len(arm.seeds) > 1 for arm in experiment.rungs.values()):
        note = "Answers are those of the first training; marks are means over all of them."
        say(note, "rw-p rw-small rw-quiet")
    ways = choices(items(run, experiment), experiment, verdict.recommended)
    walk(ways, run.plan().spec.abstention)


def looked_at(run: Run, shown: Report) -> None:
    """Answers that people look at, a judge for the rest, and what both say."""
    label_part(run)
    judge_part(run, {name: arm.title for name, arm in shown.experiment.rungs.items()})


def what_if(run: Run, shown: Report) -> None:
    """Other documents, and more data."""
    probes_part(run, shown)
    curve_part(run, shown)


def settings(shown: Report) -> None:
    """What every rung was built with, and how training went where there was any."""
    section(shown, "training")
    section(shown, "rungs")


def fair(shown: Report) -> None:
    """What makes the comparison fair, and what it cannot say."""
    for key in ("fair", "limits", "protection", "data", "reproduce"):
        section(shown, key)


def cost(project: Project, run: Run, shown: Report) -> None:
    """Time, memory and money; the prices can be changed here."""
    section(shown, "cost", title=False)
    with st.expander("Your prices", expanded=False):
        price_fields(project, run)


def behind(
    project: Project, run: Run, experiment: Experiment, shown: Report, verdict: Verdict
) -> None:
    """The tabs under the first screen; only the open one is drawn."""
    parts: dict[str, Callable[[], None]] = {
        "Differences": lambda: differences(shown),
        "Where it fails": lambda: where_it_fails(run, shown),
        "Items": lambda: walked(run, experiment, verdict),
        "Judge": lambda: looked_at(run, shown),
        "Settings": lambda: settings(shown),
        "What if": lambda: what_if(run, shown),
        "Ask them": lambda: asking_part(run),
        "Cost": lambda: cost(project, run, shown),
        "Fair?": lambda: fair(shown),
    }
    if experiment.task.kind in CLOSED:
        del parts["Judge"]
    tabs = st.tabs(list(parts), on_change="rerun", key="compare_tab")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        with tab:
            if tab.open:
                draw()
    with st.expander("What the words mean"):
        section(shown, "words", title=False)


def choose_run(project: Project, run: Run) -> None:
    """Another check to look at, where the project has several finished ones."""
    runs = runs_in(project.root)
    names = [one.name for one in runs if (one.folder / EXPERIMENT).is_file()]
    if len(names) > 1:
        st.session_state[CHOSEN] = run.name
        st.selectbox(
            "Check",
            names,
            key=CHOSEN,
            on_change=lambda: open_up(project.root, st.session_state[CHOSEN]),
            format_func=lambda name: f"Check {name}",
            label_visibility="collapsed",
        )


project = project_or_stop("Compare")
run = run_or_none(project)
try:
    experiment = workflow.experiment_of(run) if run else None
    if run is None or experiment is None:
        words = "Nothing was checked yet."
        if run is not None:
            running = state_of(run) in ("starting", "running")
            words = "The check is running." if running else "The check is not finished."
        first_line("Compare", project.name, words, ("Go to the check", "check"))
        st.stop()
    verdict = workflow.verdict_of(experiment)
    shown = report(run, "technical")
except RungwiseError as error:
    first_line("Compare", project.name, "The result cannot be read.", ("To the check", "check"))
    show_error(error)
    st.stop()
first_line(
    "Compare",
    project.name,
    f"Check {run.name}: {len(experiment.rungs)} rungs on {experiment.task.n_heldout:,} held-out "
    "questions.",
    ("Weigh and decide", "decide"),
)
first_screen(project, run, shown, verdict)
behind(project, run, experiment, shown, verdict)
