import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.terms import LONGEST, fold, terms, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IŞIK", "ışık"),
        ("İSTANBUL", "istanbul"),
        ("İADE ŞARTLARI", "iade şartları"),
        ("çözüm", "cozum"),  # as typed on a keyboard without Turkish letters
        ("Straße", "STRASSE"),
        ("café", "CAFÉ"),
        ("cafe\u0301", "café"),
        ("ﬁve", "five"),
        ("ΟΔΟΣ", "οδος"),
        ("كِتَاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_what_people_take_for_the_same_word_is_the_same(one, other):
    assert words(one) == words(other) != []


def test_numbers_keep_the_marks_inside_and_lose_those_at_the_end():
    assert words("It costs 4.50, or 1,200.00.") == ["it", "costs", "4.50", "or", "1,200.00"]
    assert not set(terms("4.5")) & set(terms("45")), "4.5 and 45 have nothing in common"


def test_a_turkish_ending_leaves_most_of_a_word_in_common():
    asked, written = set(terms("kargoların")), set(terms("kargodan"))
    assert {"_kar", "karg", "argo"} <= asked & written
    assert "=kargodan" not in asked


def test_a_short_word_is_there_as_a_whole_and_with_its_ends():
    assert terms("a") == ["=a", "_a_"]
    assert terms("ev") == ["=ev", "_ev_"]


def test_a_whole_word_is_not_taken_for_a_part_of_a_longer_one():
    assert "=pods" not in terms("tripods") and "pods" in terms("tripods")


@pytest.mark.parametrize("text", ["", " \n\t", "?!… — «»", "😀"])
def test_what_has_no_word_has_no_term(text):
    assert terms(text) == []


def test_where_a_script_has_no_spaces_pairs_of_letters_take_the_place_of_words():
    assert terms("退货政策") == ["退货", "货政", "政策"]
    assert terms("水") == ["水"]
    assert set(terms("返品")) & set(terms("この返品はできます"))


@pytest.mark.parametrize(("text", "found"), [
    ("使用iPhone手机壳", ["使用", "iphone", "手机壳"]),
    ("14天内，第1,200条", ["14", "天内", "第", "1,200", "条"]),
    ("ระบบiOS17ใหม่", ["ระบบ", "ios17", "ใหม่"]),
    ("人々のUSB", ["人々の", "usb"]),
])  # fmt: skip
def test_a_foreign_word_among_letters_without_spaces_is_a_word_of_its_own(text, found):
    assert words(text) == found
    assert set(terms("iPhone")) <= set(terms("使用iPhone手机壳"))


def test_vowel_signs_do_not_cut_a_word():
    assert words("हिन्दी में") == ["हिन्दी", "में"]
    assert words("สวัสดี") == ["สวัสดี"]


def test_a_word_without_end_gives_no_more_terms_than_a_long_one():
    assert len(terms("x" * 1_000_000)) == len(terms("x" * LONGEST)) <= LONGEST + 1


@given(st.text())
def test_any_text_has_terms_and_folding_twice_changes_nothing_more(text):
    assert all(terms(text)) and fold(fold(text)) == fold(text)
