"""A card for each rung that a check can run: what it does, why it is there, what it takes."""

import streamlit as st

from advisor.needs import rung_line
from advisor.numbers import seconds
from advisor.page_parts.rungs import symbol
from advisor.page_parts.text import html, plain, say
from advisor.recommendation import Recommendation
from harness.estimate import RungNeed
from harness.experiment import Experiment
from harness.rung import RungType

NEEDS = {
    "closed_answers": "answers that are labels or JSON",
    "documents": "your documents",
    "preferences": "pairs of a better and a worse answer",
    "decoder": "the model on this machine",
    "weights": "the model’s weights on this machine",
}


def rung_card(rung: RungType, obstacle: str, prior: Recommendation | None, cost: str) -> bool:
    """One rung: what it does, why it is there, what it needs or lacks. True when it is to run."""
    on = st.checkbox(
        plain(rung.title), value=not obstacle, disabled=bool(obstacle), key=f"rung_{rung.name}"
    )
    needs = " and ".join(words for need, words in NEEDS.items() if need in rung.needs)
    html(
        '<p class="rw-p">{symbol}{what}</p><p class="rw-p rw-small">{why}</p>'
        '<p class="rw-p rw-small rw-quiet">Needs {needs}. {cost}</p>',
        symbol=symbol(rung.name),
        what=rung.what,
        why=_why_there(rung, prior),
        needs=needs or "nothing but the examples",
        cost=cost,
    )
    if obstacle:
        say(f"{obstacle[0].upper()}{obstacle[1:]}.", "rw-p rw-small")
    return bool(on)


def cost_words(rung: RungType, need: RungNeed | None, last: Experiment | None) -> str:
    """Time and memory that a rung will take here, or took last time."""
    if need is not None:
        return rung_line(need)
    took = last.rungs.get(rung.name) if last else None
    return f"Took {seconds(took.prepare_s + took.answer_s)} last time." if took else ""


def _why_there(rung: RungType, prior: Recommendation | None) -> str:
    """What the answers say about a rung."""
    if prior is None:
        return "No questions are answered, so nothing is expected of it yet."
    place, ranked = next(
        ((i, one) for i, one in enumerate(prior.ranking, 1) if one.rung == rung.name), (0, None)
    )
    if ranked is None:
        return "The questions say nothing about it."
    held = next((one for one in prior.blocked if one.rung == rung.name), None)
    if held is not None:
        return f"Your answers speak against it now: {held.because}."
    words = (
        "Your answers point here" if prior.aim == rung.name else f"Place {place} by your answers"
    )
    if not ranked.reasons:
        return f"{words}."
    reason = ranked.reasons[0]
    return f"{words}. {'For' if reason.effect > 0 else 'Against'} it: {reason.because}."
