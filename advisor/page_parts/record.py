"""The decision: the record that is there, and the form that makes or changes one."""

from collections.abc import Callable
from datetime import date, timedelta

import streamlit as st

from advisor.decision import NONE, OPEN, Decision, Triggers
from advisor.decision_words import changes_sentence, choice, fired_sentence, record_pairs
from advisor.page_parts.text import cut, heading, html, joined, markup, plain, say, show_error
from advisor.reopening import Standing, today
from harness.errors import RungwiseError
from harness.experiment import Experiment

Save = Callable[[str, str, str, Triggers], None]
"""What was decided, by whom, why, and what reopens it."""


def shown_record(found: Standing) -> None:
    """The record in force, whether it should be opened again, and earlier versions."""
    heading("The decision")
    tag, word = ("warn", "look again") if found.fired else ("good", "stands")
    html(
        '<p class="rw-p rw-text"><span class="rw-tag {tag}">{word}</span> {text}</p>',
        tag=tag,
        word=word,
        text=fired_sentence(found.fired),
    )
    for told in found.unseen:
        say(told, "rw-p rw-small rw-quiet")
    _pairs(found.versions[-1])
    if len(found.versions) > 1:
        say(changes_sentence(found.versions), "rw-p rw-text")
        with st.expander(plain(f"Earlier versions ({len(found.versions) - 1})")):
            for one in reversed(found.versions[:-1]):
                _pairs(one)


def _pairs(decision: Decision) -> None:
    rows = joined(
        markup('<dt>{name}</dt><dd class="rw-text">{value}</dd>', name=name, value=cut(value))
        for name, value in record_pairs(decision)
    )
    html("<dl>{rows}</dl>", rows=rows)


def record_form(experiment: Experiment, last: Decision | None, save: Save) -> None:
    """Who decides what, why, and what would reopen it.

    Nothing is chosen beforehand: verdict and weights may differ, and the choice is the user's.

    Args:
        experiment: whose rungs can be chosen.
        last: the decision that is changed; None for the first one.
        save: records it, or raises what is wrong with it.
    """
    options = [*experiment.rungs, NONE, OPEN]
    before = options.index(last.rung) if last is not None and last.rung in options else None
    with st.form("decide_form", border=True):
        left, right = st.columns(2, gap="large")
        with left:
            rung = st.selectbox(
                "What is decided", options, index=before, key="decide_rung",
                placeholder="Choose",
                # as plain text: options, unlike labels, are not Markdown
                format_func=lambda name: _title(name, experiment),
            )  # fmt: skip
            by = st.text_input("Who decides", key="decide_by", placeholder="Name, role")
            why = st.text_area("Why, in your own words", key="decide_why", height=120)
        with right:
            triggers = _triggers(last.triggers if last else Triggers())
        words = "Record the decision" if last is None else "Record the change"
        pressed = st.form_submit_button(words, type="primary")
    if pressed:
        try:
            save(rung or "", by, why, triggers)
        except RungwiseError as error:
            show_error(error)
            return
        st.rerun()


def _title(name: str, experiment: Experiment) -> str:
    return experiment.rungs[name].title if name in experiment.rungs else choice(name)


def _triggers(last: Triggers) -> Triggers:
    say("Open it again when … (leave empty what does not matter)", "rw-p rw-small rw-quiet")
    first, second = st.columns(2)
    with first:
        changes = _number("changes of the documents a month exceed", last.changes_above, "changes")
        above = _number("answers a month exceed", last.volume_above, "above")
        review = st.date_input(
            "this day has come", value=_day(last.review), min_value=today() + timedelta(days=1),
            key="decide_review", format="YYYY-MM-DD",
        )  # fmt: skip
    with second:
        price = _number("cost of an answer moves by more than, %", last.price_moves, "price")
        below = _number("answers a month fall below", last.volume_below, "below")
        right = _number("right answers to newer questions fall below, %", _percent(last), "right")
        model = st.checkbox("another model is used", last.other_model, key="decide_model")
        data = st.checkbox("the data changes", last.new_data, key="decide_data")
    return Triggers(
        changes_above=changes,
        volume_above=above,
        volume_below=below,
        price_moves=price,
        other_model=model,
        new_data=data,
        score_below=None if right is None else round(right / 100, 6),
        review=review.isoformat() if isinstance(review, date) else None,
    )


def _percent(last: Triggers) -> float | None:
    return None if last.score_below is None else round(100 * last.score_below, 4)


def _number(label: str, value: float | None, key: str) -> float | None:
    found = st.number_input(
        label, min_value=0.0, value=value, step=1.0, format="%g", key=f"decide_{key}"
    )
    return None if found is None else float(found)


def _day(given: str | None) -> date | None:
    """The day of an earlier version, where it is still to come."""
    day = date.fromisoformat(given) if given else None
    return day if day is not None and day > today() else None
