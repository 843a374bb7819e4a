"""Check: choose the rungs and start; then watch, stop, or go on."""

import dataclasses

import streamlit as st

from advisor import workflow
from advisor.forecast import measure_in_background
from advisor.needs import need_line
from advisor.numbers import in_sentence
from advisor.page_parts.cached import forget_needs, known_need
from advisor.page_parts.frame import first_line, open_up, project_or_stop, run_or_none
from advisor.page_parts.looking import loaded_or_stop, report_at_hand
from advisor.page_parts.model_choice import model_part
from advisor.page_parts.rung_cards import cost_words, rung_card
from advisor.page_parts.running import now_words, progress_part
from advisor.page_parts.target import showing_part, target_part
from advisor.page_parts.text import heading, say, show_error
from advisor.progress import RunProgress, progress, state_of
from advisor.project import Project
from advisor.settings_file import Place, change
from harness.effort import EFFORTS
from harness.errors import RungwiseError
from harness.estimate import CheckNeed
from harness.experiment import Experiment
from harness.generators.endpoint import PREFIX
from harness.rungs import rungs, title_of
from harness.runner import unmet
from harness.settings import CheckSettings
from harness.store import Run
from harness.types import Task

EFFORT_WORDS = {
    "quick": "One setting for each rung: a first look.",
    "normal": "A few settings for each rung, chosen on examples that are not held out.",
    "thorough": "Many settings for each rung: for a decision that costs.",
}
SEEDS = (1, 3, 5)
EVERY_S = 1.5
ENOUGH = "Ends this training and answers with the best adapter so far. The report says so."


def choose_part(project: Project, task: Task, last: Experiment | None, stopped: bool) -> None:
    """Cards with the rungs, how hard they try, and the button."""
    title = "Compare again" if last else "Or start another check" if stopped else "What to compare"
    heading(title, "All rungs answer the same held-out questions.")
    # What it takes and the button stand first, though they hang on what is chosen below.
    with st.container(key="check_go"):
        first, button = st.columns([3.4, 1], gap="large", vertical_alignment="center")
    settings = about_to_run(project)
    need = known_need(project, task, settings)
    chosen = rung_part(project, task, settings, need, last)
    with first:
        time_part(project, task, settings, need.only(chosen) if need else None)
        showing_part(task, len(chosen))
    model_part(project, task, need)
    target = target_part(project)
    with st.container(key="check_how"):
        left, right = st.columns([1.2, 1], gap="large", vertical_alignment="center")
    with left:
        effort = st.segmented_control(
            "How hard should each rung try?",
            list(EFFORTS),
            default=first_effort(project),
            format_func=str.capitalize,
            required=True,
            key="check_effort",
        )
        say(EFFORT_WORDS[effort], "rw-p rw-small rw-quiet")
    with right:
        seeds = st.segmented_control(
            "How often should each fine-tuning run?",
            sorted({*SEEDS, project.check.seeds}),
            default=project.check.seeds,
            format_func=lambda n: "Once" if n == 1 else f"{n} times",
            required=True,
            key="check_seeds",
        )
        say("More than once shows how much luck is in a training.", "rw-p rw-small rw-quiet")
    with button:
        pressed = st.button(
            "Start the check",
            type="secondary" if stopped else "primary",
            disabled=not chosen,
            key="start_check",
            width="stretch",
        )
    if pressed:
        wanted_now = dataclasses.replace(
            project.settings(),
            rungs=tuple(chosen),
            effort=effort,
            seeds=seeds,
            target=target.share,
            climb=target.climb,
        )
        start(project, wanted_now, target.wrong_undoes)


def rung_part(
    project: Project,
    task: Task,
    settings: CheckSettings,
    need: CheckNeed | None,
    last: Experiment | None,
) -> list[str]:
    """A card for each rung; which ones are ticked."""
    prior = workflow.prior(project)
    wanted = project.settings().rungs
    each = {one.rung: one for one in need.rungs} if need else {}
    chosen = []
    known = [rung for name, rung in rungs().items() if name in wanted] or list(rungs().values())
    for first in range(0, len(known), 3):
        for place, rung in zip(st.columns(3, gap="small"), known[first : first + 3], strict=False):
            with place, st.container(border=True, height="stretch", gap="small"):
                obstacle = unmet(rung.needs, task, settings)
                if rung_card(rung, obstacle, prior, cost_words(rung, each.get(rung.name), last)):
                    chosen.append(rung.name)
    return chosen


def about_to_run(project: Project) -> CheckSettings:
    """The project's settings with what is chosen on this page: all rungs, effort, seeds."""
    return dataclasses.replace(
        project.settings(),
        rungs=tuple(rungs()),
        effort=st.session_state.get("check_effort") or first_effort(project),
        seeds=st.session_state.get("check_seeds") or project.check.seeds,
    )


def first_effort(project: Project) -> str:
    """The effort that is marked at first."""
    return project.check.effort if project.check.effort in EFFORTS else "normal"


def time_part(
    project: Project, task: Task, settings: CheckSettings, need: CheckNeed | None
) -> None:
    """How long the chosen rungs will take."""
    if need is not None:
        say(need_line(need), "rw-p")
    elif not settings.generator.startswith(PREFIX):
        measuring(project, task, settings)


@st.fragment(run_every=EVERY_S)
def measuring(project: Project, task: Task, settings: CheckSettings) -> None:
    """The machine is measured once, in the background; the page is drawn anew when that is done."""
    key = f"measuring {settings.generator} for {project.root}"
    work = st.session_state.get(key)
    if work is None:
        work = st.session_state[key] = measure_in_background(project)
    words = "Measuring how fast this machine is, to say how long each rung will take …"
    if not work.is_alive():
        forget_needs()
        if known_need(project, task, settings) is not None:
            st.rerun()
        words = "How long it will take could not be told; the check itself can run."
    say(words, "rw-p rw-quiet")


def start(project: Project, settings: CheckSettings, wrong_undoes: float | None) -> None:
    """Plan the run, start its process, and watch it; what is good enough is kept for next time."""
    kept: dict[Place, object] = {("check", "target"): settings.target}
    kept["check", "climb"] = settings.climb or None
    kept["check", "wrong_undoes"] = wrong_undoes
    audited = report_at_hand(project)  # before the settings change, which have no part in it
    try:
        change(project.root, kept)
        with st.spinner("Reading the data and making the model ready …"):
            run = workflow.start_run(project, settings=settings, audited=audited)
            workflow.start_in_background(project, run)
    except RungwiseError as error:
        show_error(error)
        return
    open_up(project.root, run.name)
    st.rerun()


@st.fragment(run_every=EVERY_S)
def watch(run: Run) -> None:
    """The running check; drawn anew every moment, until it ends."""
    now = progress(run)
    if now.state not in ("starting", "running"):
        st.rerun()
    training = now.working is not None and now.working.training
    words, enough, button = st.columns([3.2, 1.6, 1.1], vertical_alignment="center")
    with words:
        say(now_words(now), "rw-lead")
    with enough:
        label, key = "Use what it has", "enough_check"
        if training and st.button(label, key=key, help=ENOUGH, width="stretch"):
            workflow.use_what_it_has(run)
    with button:
        if st.button("Stop", key="stop_check", width="stretch") and workflow.cancel(run):
            st.session_state["stopping"] = run.name
    if st.session_state.get("stopping") == run.name:
        say("Stopping. Finished rungs and the answers so far are kept.", "rw-p rw-quiet")
    elif training and run.enough_file.exists():
        say("The training ends after this step; the best of it will answer.", "rw-p rw-quiet")
    draw(run, now)


def draw(run: Run, now: RunProgress) -> None:
    """How far the run is."""
    plan = run.plan()
    progress_part(now, plan.seeds > 1, plan.skipped)


def stopped_part(project: Project, run: Run, now: RunProgress) -> None:
    """A check that was stopped, or whose process is gone."""
    st.session_state.pop("stopping", None)
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        say("It can go on where it was; nothing that is finished is done again.", "rw-lead")
    with button:
        if st.button("Go on", type="primary", key="resume_check", width="stretch"):
            workflow.start_in_background(project, run)
            st.rerun()
    draw(run, now)


def rest_part(project: Project, run: Run, last: Experiment) -> None:
    """What a check that stopped at its target left out."""
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    with words:
        names = ", ".join(in_sentence(title_of(name)) for name in last.not_run)
        say(f"Not run, because a cheaper rung was good enough: {names}.", "rw-lead")
    with button:
        if st.button("Run these too", key="run_rest", width="stretch"):
            workflow.run_the_rest(run)
            workflow.start_in_background(project, run)
            st.rerun()


project = project_or_stop("Check")
run = run_or_none(project)
state = state_of(run) if run else None
if run and state in ("starting", "running"):
    first_line("Check", project.name, f"Check {run.name} is running. You may close this page.")
    watch(run)
    st.stop()
found = loaded_or_stop("Check", project)
if found.task is None:
    first_line("Check", project.name, "The data cannot be used yet.", ("Mend the data", "data"))
    show_error(RungwiseError(*found.problems[:5]))
    st.stop()
last = workflow.experiment_of(run) if run else None
if run and state == "stopped":
    first_line("Check", project.name, f"Check {run.name} was stopped before its end.")
    stopped_part(project, run, progress(run))
elif run and last:
    headline = workflow.verdict_of(last).headline
    words = f"Check {run.name} is finished: {headline}"
    first_line("Check", project.name, words, ("See the result", "compare"))
else:
    first_line("Check", project.name, "Nothing was checked yet. Choose the rungs and start.")
if run and last and last.not_run:
    rest_part(project, run, last)
choose_part(project, found.task, last, state == "stopped")
