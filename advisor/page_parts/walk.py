"""Walking through the held-out items: every rung's answer side by side, and what it read."""

from collections.abc import Sequence

import streamlit as st
from markupsafe import Markup

from advisor.items import Item, Said
from advisor.numbers import count, percent
from advisor.page_parts.rungs import symbol
from advisor.page_parts.same_words import same_words
from advisor.page_parts.text import cut, html, joined, markup, plain, say
from advisor.places import place_of
from harness.types import Context

PLACE = "item_place"
"""Session key: which of the chosen items is shown."""
OUTCOME_TAGS = {
    "right": "good",
    "partly": "warn",
    "wrong": "stop",
    "failed": "stop",
    "not scored": "",
}


@st.fragment
def walk(ways: dict[str, tuple[Item, ...]], abstention: str) -> None:
    """Choose a kind of item, go from one to the next, see everything about one.

    Args:
        ways: kinds of items in words, with the items.
        abstention: what is right to say where nothing answers; may be empty.
    """
    if not ways:
        say("No item was scored.")
        return
    chosen, back, ahead, where = st.columns([3, 1, 1, 3], vertical_alignment="bottom")
    with chosen:
        way = st.selectbox(
            "Show",
            list(ways),
            format_func=lambda words: f"{words} ({len(ways[words]):,})",
            key="item_way",
            on_change=lambda: st.session_state.update({PLACE: 0}),
        )
    items = ways[way]
    place = min(st.session_state.get(PLACE, 0), len(items) - 1)
    with back:
        st.button(
            "Back", key="item_back", width="stretch", disabled=place == 0,
            on_click=_to, args=(place - 1,),
        )  # fmt: skip
    with ahead:
        st.button(
            "Next", key="item_next", width="stretch", disabled=place == len(items) - 1,
            on_click=_to, args=(place + 1,),
        )  # fmt: skip
    with where:
        say(f"{place + 1:,} of {len(items):,}: {items[place].example.id}", "rw-p rw-quiet rw-text")
    _item(items[place], abstention)


def _to(place: int) -> None:
    st.session_state[PLACE] = place


def _item(item: Item, abstention: str) -> None:
    example = item.example
    references = list(example.references) or [abstention or "Nothing answers this."]
    facts = (
        f"A right answer must contain: {', '.join(example.key_facts)}." if example.key_facts else ""
    )
    html(
        '<p class="rw-lead rw-text" dir="auto">{question}</p>'
        '<p class="rw-quiet rw-small rw-label">Right answer</p>{references}'
        '<p class="rw-p rw-small rw-quiet">{facts}</p>',
        question=cut(example.question),
        references=joined(
            markup('<p class="rw-text rw-prompt" dir="auto">{text}</p>', text=cut(text))
            for text in references[:3]
        ),
        facts=facts,
    )
    said = joined(_said(said, references) for said in item.said)
    legend = "Marked: what stands in the right answer, too." if "<mark>" in said else ""
    html(
        '<div class="rw-beside">{said}</div><p class="rw-p rw-small rw-quiet">{legend}</p>',
        said=said,
        legend=legend,
    )
    _sources(item)


def _said(said: Said, right: Sequence[str]) -> Markup:
    """One rung's answer with its mark, and what it shares with the right ones."""
    words: str = said.outcome
    if said.outcome == "partly" and said.score is not None:
        words = f"partly, {percent(said.score)}"
    text, quiet = Markup(""), ""
    if said.answer is not None:
        text = same_words(cut(said.answer.text or "(empty)"), right)
        gone = said.answer.dropped_contexts
        notes = ["cut at the length limit"] if said.answer.truncated else []
        notes += [f"{count(gone, 'passage')} did not fit"] if gone else []
        quiet = ", ".join(notes)
    elif said.failure is not None:
        why = f"{said.failure.kind.replace('_', ' ')}: {said.failure.message}"
        text = markup("{why}", why=cut(why))
        quiet = "counts neither as right nor as wrong"
    return markup(
        '<div class="rw-said {outcome}"><p class="rw-small rw-label">{symbol}<b>{title}</b> '
        '<span class="rw-tag {tag}">{words}</span> <span class="rw-quiet">{quiet}</span></p>'
        '<p class="rw-text" dir="auto">{text}</p></div>',
        outcome=said.outcome.replace(" ", "-"),
        symbol=symbol(said.rung),
        title=said.title,
        tag=OUTCOME_TAGS[said.outcome],
        words=words,
        quiet=quiet,
        text=text,
    )


def _sources(item: Item) -> None:
    """What a rung that reads had before it; the cited passage first and marked."""
    readers = {said.rung: said for said in item.said if said.answer and said.answer.contexts}
    if not readers:
        say("No rung read a passage for this one.", "rw-p rw-quiet rw-small")
        return
    chosen, _ = st.columns([1, 2])
    with chosen:
        rung = st.selectbox(
            "Passages read by",
            list(readers),
            format_func=lambda name: plain(readers[name].title),
            key="item_reader",
        )
    answer = readers[rung].answer
    assert answer is not None  # only rungs with an answer are readers
    cited = [answer.contexts[i] for i in answer.citations if i < len(answer.contexts)]
    others = [context for context in answer.contexts if context not in cited]
    rows = _passages(cited, item, True) + _passages(others, item, False)
    html('<div class="rw-beside">{rows}</div>', rows=rows)


def _passages(contexts: Sequence[Context], item: Item, cited: bool) -> Markup:
    gold = set(item.example.context_ids)
    return joined(
        markup(
            '<div class="rw-passage {cited}"><p class="rw-small rw-quiet rw-label">{where}'
            '</p><p class="rw-text" dir="auto">{text}</p></div>',
            cited="cited" if cited else "",
            where=_where(context, cited, gold),
            text=cut(context.text),
        )
        for context in contexts
    )


def _where(context: Context, cited: bool, gold: set[str]) -> str:
    where = (context.page, context.start, context.end, context.also_in)
    parts = [
        context.title if context.title != context.source else "",
        place_of(context.source, *where),
    ]
    if cited:
        parts.append("the answer rests on this")
    if gold:
        right = bool(gold.intersection(context.sources))
        parts.append("from the right document" if right else "from another document")
    return " · ".join(part for part in parts if part)
