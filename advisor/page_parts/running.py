"""A check at work, drawn from what it has on disk."""

from collections.abc import Mapping, Sequence

import streamlit as st
from markupsafe import Markup

from advisor.charts.curve import ACCENT
from advisor.charts.style import Chart, Theme, data, finish
from advisor.numbers import count, seconds
from advisor.page_parts.frame import chart_theme, show_chart
from advisor.page_parts.rungs import symbol
from advisor.page_parts.text import html, joined, markup, say
from advisor.progress import CellProgress, RunProgress
from advisor.training_figures import Look, Loss, look_words, pace_words
from harness.ceilings import CEILINGS
from harness.cell import INDEX
from harness.rungs import title_of

LOG_LINES = 200
UNMARKED = markup('<span class="rw-mark"></span>')


def progress_part(now: RunProgress, several: bool, skipped: Mapping[str, str]) -> None:
    """The ladder filling, the curve of the training at hand, and the log folded away.

    Args:
        now: how far the run is.
        several: whether rungs run with more than one seed.
        skipped: rungs that cannot run, with the reason.
    """
    rows = [_row(cell, several) for cell in now.cells]
    rows += [
        markup(
            '<div class="rw-cell rw-quiet"><span>{rung}</span><span></span>'
            '<span class="now">not run: {why}</span></div>',
            rung=title_of(rung),
            why=why,
        )
        for rung, why in skipped.items()
    ]
    html("{rows}", rows=joined(rows))
    if now.scores:
        say(now.scores, "rw-p rw-small rw-quiet")
    for remark in now.remarks:
        say(remark, "rw-p rw-small")
    trained = [cell for cell in now.cells if cell.losses]
    shown = now.working if now.working in trained else next(reversed(trained), None)
    if shown is not None:
        html(
            '<h3 class="rw-h">How the training goes: {title}</h3>'
            '<p class="rw-p rw-small rw-quiet">Loss on the examples it learns from; lower is '
            "closer. Where loss on dev rises while the other falls, it begins to learn by heart; "
            "the state that did best on dev is kept. Whether it helps is decided on the held-out "
            "questions, not here.</p>",
            title=shown.title,
        )
        say(training_words(shown), "rw-p rw-small")
        show_chart(loss_chart(shown.losses, chart_theme(), shown.looks), wide=True)
    with st.expander("Log", key="check_log"):
        st.code("\n".join(now.log[-LOG_LINES:]), language=None, height=320)


def training_words(cell: CellProgress) -> str:
    """The figures of the newest step, and what dev said last; a sentence."""
    assert cell.pace is not None  # it has steps
    words = f"Step {cell.pace.step:,} of {cell.pace.steps:,}: {pace_words(cell.pace)}"
    return f"{words}; {look_words(cell.looks[-1])}." if cell.looks else f"{words}."


def now_words(now: RunProgress, what: str = "check") -> str:
    """One line on what is happening and how long it will take."""
    if now.state == "starting":
        return f"The {what} is starting."
    cell = now.working
    if cell is None:
        return "Preparing the next rung." if now.state == "running" else ""
    part = "training" if what == "training" else "rung"
    words = f"{_title(cell)}: {cell.doing}."
    if cell.left_s is not None:
        words += f" About {seconds(max(1.0, cell.left_s))} left for this part"
        words += f", then {count(now.waiting, f'more {part}')}." if now.waiting else "."
    elif now.waiting:
        words += f" Then {count(now.waiting, f'more {part}')}."
    return words


def _title(cell: CellProgress) -> str:
    """Of a rung, or of the preparation that several rungs share."""
    return "Search index" if cell.rung == INDEX else cell.title


def _row(cell: CellProgress, several: bool) -> Markup:
    words = {"finished": "done", "waiting": "waiting", "failed": "failed"}.get(cell.state, "")
    title, done = _title(cell), cell.doing or words
    score = f"{cell.score} over all trainings" if cell.score and cell.seed else cell.score
    fix = markup('<br><span class="rw-quiet">{fix}</span>', fix=cell.fix) if cell.fix else ""
    return markup(
        '<div class="rw-cell"><span>{symbol}{title}{seed}</span>'
        '<div class="rw-bar" role="progressbar" aria-label="{title}" aria-valuemin="0" '
        'aria-valuemax="100" aria-valuenow="{share}">'
        '<i class="{off}" style="width:{share}%"></i></div>'
        '<span class="now">{tag}{words}{fix}</span></div>',
        symbol=UNMARKED if cell.rung in (*CEILINGS, INDEX) else symbol(cell.rung),
        title=title,
        seed=f", training {cell.seed + 1}" if several else "",
        share=round(100 * cell.share),
        off="off" if cell.state == "waiting" else "",
        tag=markup('<span class="rw-tag stop">failed</span> ') if cell.state == "failed" else "",
        words=markup("<b>{score}</b>, {done}", score=score, done=done) if score else done,
        fix=fix,
    )


def loss_chart(losses: Sequence[Loss], theme: Theme, looks: Sequence[Look] = ()) -> Chart:
    """Training loss over the steps, a line a learning rate; loss on dev as points on a line."""
    import altair as alt

    rows = [
        {"step": one.step, "loss": one.loss, "rate": f"learning rate {one.learning_rate:g}"}
        for one in losses
    ]
    encoded = alt.Chart(data(rows)).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(grid=False, tickMinStep=1)),
        y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4)),
        strokeDash=alt.StrokeDash("rate:N", legend=alt.Legend(title=None, orient="top-right"))
        if len({one.learning_rate for one in losses}) > 1
        else alt.Undefined,
    )
    layers = [encoded.mark_line(color=theme.ink, strokeWidth=2)]
    last = losses[-1]
    words = f"Training loss, {last.loss:.2f} at step {last.step}."
    if looks:
        on_dev = [
            {"step": one.step, "loss": one.dev_loss, "rate": f"learning rate {one.learning_rate:g}"}
            for one in looks
        ]
        points = {"color": ACCENT, "size": 40, "filled": True}
        layers.append(encoded.mark_line(color=ACCENT, point=points).properties(data=data(on_dev)))
        for row, colour, word in ((rows[-1], theme.ink, "training"), (on_dev[-1], ACCENT, "dev")):
            name = alt.Chart(data([row])).mark_text(
                text=word, color=colour, align="right", dx=-4, dy=-9 if word == "dev" else 11
            )
            layers.append(name.encode(x="step:Q", y="loss:Q"))
        words += f" Loss on dev, {looks[-1].dev_loss:.2f} after step {looks[-1].step}."
    return finish(alt.layer(*layers).properties(height=170), theme, words)
