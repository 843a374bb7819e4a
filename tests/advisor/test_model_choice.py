"""What a graphics card would have room for, as the check page says it."""

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from tests.harness.test_estimate import PACE, needed


def page():
    import streamlit as st

    from advisor.page_parts.model_choice import _card

    _card("some-model", st.session_state["need"])


@pytest.mark.parametrize(
    ("kind", "width", "title", "why"),
    [
        ("cuda", 4, "in float32", "Tesla T4 has no bfloat16, so float32 is counted."),
        ("cuda", 2, "in bfloat16", "bfloat16 is assumed: an older card"),
        ("cpu", 4, "in bfloat16", "bfloat16 is assumed: an older card"),
    ],
    ids=["a card without it", "a card with it", "no card"],
)
def test_memory_on_a_card_is_told_with_what_it_computes_in(monkeypatch, kind, width, title, why):
    monkeypatch.setattr("harness.estimate.free_from_outside", lambda kind: 10**10)
    at = AppTest.from_function(page)
    pace = dataclasses.replace(PACE, kind=kind, precision_bytes=width, device="Tesla T4")
    at.session_state["need"] = needed(pace=pace)
    at.run()
    assert not at.exception
    said = "\n".join(part.proto.body for part in at.get("html"))
    assert f"Memory of each way, {title}" in said and why in said
