"""Decide: what matters, which rung that makes first, what would change it, and the record."""

import streamlit as st

from advisor import charts, workflow
from advisor.deciding import Finished, decide, weigh_run
from advisor.decision import Triggers
from advisor.decision_words import choice
from advisor.page_parts.cached import drawn
from advisor.page_parts.frame import (
    chart_theme,
    first_line,
    project_or_stop,
    run_or_none,
    show_chart,
)
from advisor.page_parts.money import draw_money
from advisor.page_parts.record import record_form, shown_record
from advisor.page_parts.text import bullets, heading, html, joined, markup, say, show_error
from advisor.page_parts.weights import sliders
from advisor.project import Project
from advisor.reopening import Standing, standing
from advisor.track_record import track_record
from advisor.verdict import Verdict
from advisor.weighed import Weighed
from advisor.weighing_words import (
    against_verdict,
    flip_sentences,
    judgement_lines,
    lead,
    left_out_sentences,
    likely_sentence,
    measured_sentence,
    people_sentences,
    scale_sentences,
    value_rows,
    weights_sentence,
    without_sentence,
)
from harness.errors import RungwiseError
from harness.store import runs_in


def state(run: str, found: Standing) -> str:
    """Where the decision is."""
    if not found.versions:
        return (
            f"Check {run}: nothing is decided yet. Say what matters, read what would change the "
            "order, then record the decision."
        )
    last = found.versions[-1]
    again = " Something has happened that reopens it." if found.fired else ""
    return f"Check {run}, decided by {last.by} on {last.at[:10]}: {choice(last.rung)}{again}"


def weighing(project: Project, weighed: Weighed, verdict: Verdict) -> None:
    """The sliders, and what they make of the rungs."""
    found = weighed.weighing
    with st.container(key="weighing"):
        left, right = st.columns([1, 2], gap="large")
    with left:
        sliders(project.root, weighed.people, project.sections.weights, found.shares)
    with right:
        if verdict.recommended == "none":
            html('<p class="rw-lead">{text}</p>', text=against_verdict(found, verdict))
            heading("Among the rungs, by your weights")
            say(lead(found))
        else:
            html('<p class="rw-lead">{text}</p>', text=lead(found))
            say(against_verdict(found, verdict))
        show_chart(charts.utilities(found, chart_theme()), wide=True)
        say(weights_sentence(found, weighed.proposed), "rw-p rw-small rw-quiet")
        bullets("", [*people_sentences(found), *left_out_sentences(found)])


def firmness(weighed: Weighed) -> None:
    """What would change the order, and how it stands under any weights."""
    found = weighed.weighing
    with st.container(key="firmness"):
        left, right = st.columns(2, gap="large")
    with left:
        heading("What would change the first place")
        bullets("", [*flip_sentences(found), without_sentence(found), measured_sentence(found)])
    with right:
        heading("Under weights drawn at random")
        say(likely_sentence(found))
        show_chart(charts.acceptability(found, chart_theme()), wide=True)
        say("The figure is the place; bluer is better.", "rw-p rw-small rw-quiet")
    with st.expander("Where the points come from"):
        points(weighed)


def points(weighed: Weighed) -> None:
    """Every rung's points under every criterion, the scales, and why it is judged so."""
    head, rows = value_rows(weighed.weighing)
    titles = joined(
        markup('<th class="{side}">{name}</th>', side="n" if i else "", name=name)
        for i, name in enumerate(head)
    )
    lines = joined(
        markup(
            "<tr>{cells}</tr>",
            cells=joined(
                markup('<td class="{side}">{text}</td>', side="n" if i else "", text=text)
                for i, text in enumerate(row)
            ),
        )
        for row in rows
    )
    html(
        '<div class="rw-wide"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>'
        "</div>",
        titles=titles,
        lines=lines,
    )
    bullets("How it is weighed", scale_sentences(weighed.weighing, weighed.grounds))
    bullets("Why judged so", judgement_lines(weighed.weighing))
    say(
        "Another judgement of yours goes first: freshness = 0.9 under [values.rag] in "
        "rungwise.toml.",
        "rw-p rw-small rw-quiet",
    )


def deciding(of: Finished, found: Standing, weighed: Weighed | None) -> None:
    """The record, and the form."""

    def save(rung: str, by: str, why: str, triggers: Triggers) -> None:
        decide(of, rung, by, why, triggers, weighed)

    last = found.versions[-1] if found.versions else None
    if last is None:
        heading("The decision", "Kept with the check, and shown in the report.")
        record_form(of.experiment, None, save)
        return
    shown_record(found)
    with st.expander("Change the decision"):
        say("The present one is kept as an earlier version.", "rw-p rw-small rw-quiet")
        record_form(of.experiment, last, save)


project = project_or_stop("Decide")
run = run_or_none(project)
try:
    experiment = workflow.experiment_of(run) if run else None
    if run is None or experiment is None:
        words = "There is nothing to decide on before a check is finished."
        first_line("Decide", project.name, words, ("Go to the check", "check"))
        st.stop()
    verdict = workflow.verdict_of(experiment)
    found = standing(run)
except RungwiseError as error:
    first_line("Decide", project.name, "The result cannot be read.", ("To the check", "check"))
    show_error(error)
    st.stop()
first_line("Decide", project.name, state(run.name, found), ("Make the report", "report"))
of = Finished(run, experiment)
weighed = None
try:
    weighed = weigh_run(of, drawn=drawn(run, experiment))
except RungwiseError as error:
    show_error(error)
if weighed is not None:
    weighing(project, weighed, verdict)
    firmness(weighed)
with st.expander("What it costs, and from which volume on", expanded=project.prices.given):
    draw_money(project, run, experiment)
deciding(of, found, weighed)
if told := track_record(runs_in(project.root)).sentence:
    say(told, "rw-p rw-small rw-quiet")
