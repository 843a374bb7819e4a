"""Looking at answers yourself, and a judge that does the rest once it may."""

import time
from collections.abc import Mapping

import streamlit as st

from advisor.judge_words import ASK, sending_lines
from advisor.judging import (
    JudgeState,
    Labelling,
    judge_in_background,
    keep_label,
    labelling,
    state,
    stop,
    take_back,
)
from advisor.numbers import count
from advisor.page_parts.blocks import draw_blocks
from advisor.page_parts.text import bullets, cut, heading, html, plain, say, show_error
from advisor.report.judge_section import judge
from harness.errors import JobError, Problem, RungwiseError, UserError
from harness.judge.labels import LONGEST_NAME, NEEDED, Label, Opinion
from harness.judge.material import Said
from harness.judge.measure import judged_of
from harness.judge.rules import SETTING, who
from harness.judge.store import Pair
from harness.store import Run

EVERY_S = 1.5
BY = "label_by"
TROUBLE = "label_trouble"
ENOUGH = "label_enough"
PAIR = "judge_pair"
OPINIONS: dict[Opinion, tuple[str, str]] = {
    "right": ("Right", "1"),
    "wrong": ("Not right", "2"),
    "unsure": ("Can’t tell", "3"),
}
"""Words on the button, and the key that presses it: not r or c, which are the page's own."""


@st.fragment
def label_part(run: Run) -> None:
    """One answer after the other; whose it is, and what a metric or a judge says, is not shown."""
    heading("Look at answers yourself", ASK)
    try:
        now = labelling(run)
    except RungwiseError as error:
        show_error(error)
        return
    if st.session_state.get(ENOUGH, now.enough) != now.enough:
        st.session_state[ENOUGH] = now.enough
        st.rerun()  # what the judge may do has changed, below this part
    st.session_state[ENOUGH] = now.enough
    _progress(now)
    if now.next is None:
        say("All answers have been looked at.")
    else:
        _answer(now.next)
    _buttons(run, now)
    trouble = st.session_state.pop(TROUBLE, None)
    if isinstance(trouble, RungwiseError):
        show_error(trouble)


def _progress(now: Labelling) -> None:
    done = f"{now.done} of {NEEDED}" if not now.enough else f"{now.done}, enough for a judge"
    unsure = f"; on {now.unsure} you could not tell" if now.unsure else ""
    more = ". Each further one makes the figures surer" if now.enough else ""
    html(
        '<div class="rw-bar" role="progressbar" aria-label="Answers looked at" aria-valuemin="0" '
        'aria-valuemax="{needed}" aria-valuenow="{shown}"><i style="width:{share}%"></i></div>'
        '<p class="rw-p rw-small rw-num">Looked at: {words}.</p>',
        needed=NEEDED,
        shown=min(now.done, NEEDED),
        share=round(100 * min(1.0, now.done / NEEDED)),
        words=f"{done}{unsure}{more}",
    )


def _answer(said: Said) -> None:
    with st.container(border=True):
        html(
            '<p class="rw-small rw-quiet rw-label">Question</p>'
            '<p class="rw-text rw-prompt" dir="auto">{question}</p>'
            '<p class="rw-small rw-quiet rw-label">What is right to say</p>'
            '<p class="rw-text" dir="auto">{reference}</p>'
            '<p class="rw-small rw-quiet rw-label">The answer</p>'
            '<div class="rw-said"><p class="rw-text rw-lead" dir="auto">{answer}</p></div>',
            question=cut(said.question),
            reference=cut(said.reference),
            answer=cut(said.answer) or "(empty)",
        )


def _buttons(run: Run, now: Labelling) -> None:
    places = st.columns([1, 1, 1, 1, 1.6], vertical_alignment="bottom")
    for place, (opinion, (words, key)) in zip(places, OPINIONS.items(), strict=False):
        with place:
            st.button(
                words, key=f"label_{opinion}", shortcut=key, width="stretch",
                disabled=now.next is None, on_click=_keep, args=(run, now.next, opinion),
            )  # fmt: skip
    with places[3]:
        st.button(
            "Back", key="label_back", shortcut="b", width="stretch", type="tertiary",
            disabled=now.last is None, on_click=_back, args=(run, now.last),
        )  # fmt: skip
    with places[4]:
        # a value of its own, not of the session: that reaches the browser only with the next draw,
        # and whoever presses a key before it would be nobody
        st.text_input("Who looks", who(), key=BY, max_chars=LONGEST_NAME)


def _keep(run: Run, said: Said, opinion: Opinion) -> None:
    try:
        keep_label(run, said, opinion, st.session_state[BY])
    except RungwiseError as error:
        st.session_state[TROUBLE] = error


def _back(run: Run, last: Label) -> None:
    try:
        take_back(run, last)
    except RungwiseError as error:
        st.session_state[TROUBLE] = error


@st.fragment(run_every=EVERY_S)
def _watch(run: Run) -> None:
    """The judge at work; the page is drawn anew when it has ended."""
    now = state(run)
    if not now.running:
        st.rerun()
    words, button = st.columns([4, 1.3], vertical_alignment="center")
    total = now.agreed.requests if now.agreed else 0
    done = max(0, total - (now.sending.requests if now.sending else total))
    with words:
        html(
            '<p class="rw-p">The judge is at work, you may close this page: {done} of {total} '
            'requests done.</p><div class="rw-bar" role="progressbar" aria-label="Requests done" '
            'aria-valuemin="0" aria-valuemax="{most}" aria-valuenow="{now}">'
            '<i style="width:{share}%"></i></div>',
            done=f"{done:,}",
            total=f"{total:,}",
            most=total,
            now=done,
            share=round(100 * done / max(1, total)),
        )
    with button:
        if st.button("Stop", key="stop_judge", width="stretch"):
            stop(run)
            st.session_state["judge_stopping"] = run.name
    if st.session_state.get("judge_stopping") == run.name:
        say("Stopping. What it has said so far is kept.", "rw-p rw-quiet")


def judge_part(run: Run, titles: Mapping[str, str]) -> None:
    """What would be sent where, the button that sends it, and what people and judge say.

    Args:
        run: finished.
        titles: rung to its title.
    """
    heading("Let a judge look at the rest")
    try:
        now = state(run)
        if now.running:
            _watch(run)
            return  # half of its verdicts say nothing yet of what it is worth
        _offer(run, titles, now)
        # not from the report, which may have been made a moment before the last verdict
        found = judge(judged_of(run))
    except RungwiseError as error:
        show_error(error)
        return
    if found is not None:
        heading(found.title)
        draw_blocks(found.blocks)


def _offer(run: Run, titles: Mapping[str, str], now: JudgeState) -> None:
    """Nothing is sent before the button is pressed that says where to."""
    st.session_state.pop("judge_stopping", None)
    pair = _pair(titles) if now.obstacle is None else None
    now = state(run, pair) if pair else now
    if now.obstacle is not None:
        _not_yet(now.obstacle)
        return
    if now.sending is None:
        return
    lines = sending_lines(now.sending)
    if not now.sending.requests:
        say(lines[0])
        return
    if now.trouble is not None:
        show_error(JobError(Problem(*now.trouble)))
    bullets("", lines)
    what = count(now.sending.answers, "answer") if now.sending.answers else ""
    pairs = count(now.sending.pairs, "pair") if now.sending.pairs else ""
    words = f"Send {' and '.join(one for one in (what, pairs) if one)} to {now.sending.host}"
    if st.button(plain(words), key="send_to_judge"):
        judge_in_background(run, now.sending, st.session_state.get(BY) or who())
        with st.spinner("Starting …"):
            _until_started(run)
        st.rerun()


def _pair(titles: Mapping[str, str]) -> Pair | None:
    """Two rungs to compare as well."""
    chosen = st.multiselect(
        "Compare also how two rungs say it (optional)", list(titles), key=PAIR, max_selections=2,
        format_func=titles.__getitem__, placeholder="Choose two rungs", width=560,
    )  # fmt: skip
    return (chosen[0], chosen[1]) if len(chosen) == 2 else None


def _until_started(run: Run) -> None:
    """A process takes a moment; a page drawn before would offer to send it all again."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        now = state(run)
        if now.running or now.trouble is not None or (now.sending and not now.sending.requests):
            return
        time.sleep(0.3)


def _not_yet(error: UserError) -> None:
    """What is missing is no mistake: it is said quietly."""
    missing = [one for one in error.problems if one.where == SETTING and "no judge" in one.message]
    if missing:
        say(
            "None is set, and nothing is sent anywhere. Another model can look at the answers that "
            f"you do not: {missing[0].fix}. It is asked only after you have looked at {NEEDED} "
            "answers, and said yes."
        )
        return
    for one in error.problems:
        say(f"{one.message[:1].upper()}{one.message[1:]}: {one.fix}.")
