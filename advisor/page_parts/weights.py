"""The weights: a slider a criterion, for everybody together or for each person."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from advisor.criteria import MOST, Criterion, criteria
from advisor.numbers import percent
from advisor.page_parts.text import heading, plain, say, show_error
from advisor.weights import EVERYBODY, Person
from advisor.weights_saving import named, reweighed, save_people, without
from harness.errors import RungwiseError

TROUBLE = "weights_trouble"
"""Session key: why the last change was not taken."""


def sliders(
    root: Path, people: Sequence[Person], written: Sequence[Person], shares: dict[str, float]
) -> None:
    """What matters, kept in rungwise.toml as it is changed.

    Args:
        root: the project folder.
        people: whose weights count.
        written: what rungwise.toml says; empty where the answers propose.
        shares: criterion to its combined share of the weight.
    """
    heading("What matters", "0 does not count. Each change is kept in rungwise.toml at once.")
    name = _whose(people)
    person = next(one for one in people if one.name == name)
    for one in criteria():
        _slider(one, person, shares, lambda changed: _save(root, changed, written), people)
    _trouble()
    _people(root, people, written)


def _whose(people: Sequence[Person]) -> str:
    if len(people) == 1 and people[0].name == EVERYBODY:
        return EVERYBODY
    names = [one.name for one in people]
    if st.session_state.get("weights_of") not in names:
        st.session_state["weights_of"] = names[0]
    return str(st.selectbox("Weights of", names, key="weights_of"))


def _slider(
    one: Criterion,
    person: Person,
    shares: dict[str, float],
    save: Callable[[tuple[Person, ...]], None],
    people: Sequence[Person],
) -> None:
    key = f"weight|{person.name}|{one.key}"
    weight = person.weights.get(one.key, 0.0)
    # what is in the file counts, also where it was changed there by hand
    whole = weight == int(weight)
    st.session_state[key] = int(weight) if whole else weight
    how = "measured" if one.kind == "measured" else "judged"
    st.slider(
        plain(f"{one.title} ({percent(shares[one.key])})"),
        0 if whole else 0.0,
        MOST if whole else float(MOST),
        step=1 if whole else 0.1,
        key=key,
        help=plain(f"{one.means[:1].upper()}{one.means[1:]}; {how}."),
        on_change=lambda: save(
            reweighed(people, person.name, one.key, float(st.session_state[key]))
        ),
    )


def _save(root: Path, people: Sequence[Person], written: Sequence[Person]) -> None:
    try:
        save_people(root, people, written)
    except RungwiseError as error:
        st.session_state[TROUBLE] = error


def _trouble() -> None:
    error = st.session_state.pop(TROUBLE, None)
    if isinstance(error, RungwiseError):
        show_error(error)


def _people(root: Path, people: Sequence[Person], written: Sequence[Person]) -> None:
    """Adding people with a say of their own, and taking them out."""
    with st.expander("Several people weigh"):
        say(
            "Each gets weights of their own and counts alike. The first name takes the present "
            "weights over; the next one starts from them.",
            "rw-p rw-small rw-quiet",
        )
        st.text_input("Name", key="person_name", placeholder="Support")
        st.button("Add this person", key="person_add", on_click=lambda: _add(root, people, written))
        if people[0].name != EVERYBODY:
            gone = st.session_state["weights_of"]
            st.button(
                plain(f"Take out {gone}", 60),
                key="person_out",
                on_click=lambda: _save(root, without(people, gone), written),
            )


def _add(root: Path, people: Sequence[Person], written: Sequence[Person]) -> None:
    try:
        more = named(people, st.session_state["person_name"])
    except RungwiseError as error:
        st.session_state[TROUBLE] = error
        return
    _save(root, more, written)
    st.session_state["person_name"] = ""
    if TROUBLE not in st.session_state:
        st.session_state["weights_of"] = more[-1].name
