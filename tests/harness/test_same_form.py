import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.same_form import MONTHS, WEEKDAYS, another, values_in


def found(text: str) -> list[tuple[str, str]]:
    return [(one.text, one.form) for one in values_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 days", [("6", "number")]),
        ("£11.75", [("11.75", "number")]),
        ("30,000 hours", [("30,000", "number")]),
        ("12 per cent", [("12", "number")]),
        ("86cm", [("86", "number")]),
        ("08:00", [("08:00", "time")]),
        ("6 pm", [("6", "clock")]),
        ("31 January", [("31", "day")]),
        ("January 31", [("31", "day")]),
        ("2026-01-31", [("2026-01-31", "iso")]),
        ("31/01/2026", [("31/01/2026", "date")]),
        ("31.1.26", [("31.1.26", "date")]),
        ("Tuesdays and Thursdays", [("Tuesdays", "weekday"), ("Thursdays", "weekday")]),
        ("in September", [("September", "month")]),
        ("17 Mart", [("17", "day")]),
        ("100 to 240 V", [("100", "number"), ("240", "number")]),
        ("E4", []),
        ("2nd floor", []),
        ("it may march on", []),
        ("Steady light", []),
        ("3-5", []),
    ],
)
def test_values_are_told_from_words_codes_and_ranges(text, expected):
    assert found(text) == expected


WAYS = (
    st.integers(2, 99_999).map(str),
    st.integers(1_000, 9_999_999).map(lambda n: f"{n:,}"),
    st.tuples(st.integers(0, 999), st.integers(0, 99)).map(lambda p: f"{p[0]}.{p[1]:02}"),
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda p: f"{p[0]:02}:{p[1]:02}"),
    st.tuples(st.integers(1, 28), st.sampled_from(MONTHS[0].split())).map(
        lambda p: f"{p[0]} {p[1]}"
    ),
    st.tuples(st.integers(1990, 2050), st.integers(1, 12), st.integers(1, 28)).map(
        lambda p: f"{p[0]}-{p[1]:02}-{p[2]:02}"
    ),
    st.sampled_from([name for names in (*WEEKDAYS[:2], MONTHS[0]) for name in names.split()]),
)


def shape(text: str) -> str:
    """Digits and letters as classes; names of different length look alike."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "0", text))


@given(st.one_of(*WAYS), st.integers(0, 50))
def test_another_value_has_the_same_form_and_never_is_the_same(text, seed):
    (value,) = values_in(text)
    new = another(value, text, random.Random(seed), lambda drawn: False)
    if new is None:
        assert value.text in ("0", "1") or set(value.text) <= set("0.,"), "else there is a choice"
        return
    changed = text[: value.start] + new + text[value.end :]
    assert changed != text
    assert shape(changed) == shape(text) or value.form in ("weekday", "month")
    assert [one.form for one in values_in(changed)] == [value.form]
    assert another(value, text, random.Random(seed), lambda drawn: False) == new, "seeded"


def drawn(text: str) -> set[str]:
    (value,) = values_in(text)
    many = (another(value, text, random.Random(i), lambda new: False) for i in range(300))
    return {one for one in many if one is not None}


def test_values_stay_possible():
    assert {int(new) for new in drawn("31 January")} <= set(range(10, 29))
    assert {int(new) for new in drawn("6 pm")} <= set(range(1, 10))
    assert {int(new.split(":")[0]) for new in drawn("17:30")} <= set(range(13, 24))
    assert all(new.endswith(":30") for new in drawn("17:30"))
    assert all(1 <= int(new[:2]) <= 12 and new[2:] == "/04/2026" for new in drawn("03/04/2026"))
    assert {new[:2] for new in drawn("since 2019")} == {"20"}
    assert all(new.endswith("000") for new in drawn("30,000 hours"))
    assert drawn("Tuesdays") <= set(WEEKDAYS[1].split())


@pytest.mark.parametrize("text", ["1 day", "100 %", "100 per cent", "0"])
def test_a_value_whose_form_leaves_no_choice_is_left_alone(text):
    assert drawn(text) == set()


def test_a_taken_value_is_not_given():
    (value,) = values_in("3 days")
    free = {another(value, "3 days", random.Random(i), lambda new: new != "7") for i in range(40)}
    assert free <= {"7", None} and "7" in free
