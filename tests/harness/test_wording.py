"""Length, reading ease and word lists, against counts by hand."""

from dataclasses import replace
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric import fitted
from harness.metrics import metric
from harness.types import Answer, Example, TaskSpec, TrainView
from harness.wording import (
    Range,
    Rule,
    broken_rules,
    house_range,
    reading_ease,
    syllables,
    uses,
    words_of,
)

SPEC = TaskSpec("t", "answer", "i", abstention="I do not know.")


def of(name, spec=SPEC, texts=()):
    rows = tuple(Example(f"r{n}", f"q{n}", (text,)) for n, text in enumerate(texts))
    scorer = fitted(metric(name), TrainView(spec, rows, (), ())).item
    return lambda text: scorer(Example("e", "q", ("x",)), Answer("e", text), spec)


def test_words_are_what_a_reader_counts():
    assert words_of("It's £4.50 — the well-known one, isn't it?") == [
        "It's", "4.50", "the", "well-known", "one", "isn't", "it",
    ]  # fmt: skip
    assert words_of(" … ?! ") == []


@pytest.mark.parametrize(
    ("word", "n"),
    [("cat", 1), ("table", 2), ("make", 1), ("delivery", 4), ("refund", 2), ("asked", 1),
     ("wanted", 2), ("boxes", 2), ("times", 1), ("the", 1), ("beautiful", 3), ("7", 1)],
)  # fmt: skip
def test_english_syllables_as_a_dictionary_has_them(word, n):
    assert syllables(word, "en") == n


@pytest.mark.parametrize(
    ("word", "n"),
    [("kitap", 2), ("çikolata", 4), ("IŞIK", 2), ("İstanbul", 3), ("öğretmenlerimiz", 6), ("ş", 1)],
)
def test_turkish_syllables_are_its_vowels(word, n):
    assert syllables(word, "tr") == n


def test_flesch_by_hand():
    # 2 sentences, 10 words, 11 syllables: only 'table' has two
    text = "The cat sat on the mat. The table is here."
    assert reading_ease(text, "en") == pytest.approx(206.835 - 1.015 * 10 / 2 - 84.6 * 11 / 10)


def test_atesman_by_hand():
    # 2 sentences, 6 words, 2+2+3 and 3+2+3 syllables
    text = "Kargo yarın gelecek. İade bize ulaştı."
    syllables_in_all = 2 + 2 + 3 + 3 + 2 + 3
    wanted = 198.825 - 2.610 * 6 / 2 - 40.175 * syllables_in_all / 6
    assert reading_ease(text, "tr") == pytest.approx(wanted)


def test_long_words_in_long_sentences_read_less_easily():
    easy = reading_ease("We sent it. It will be with you soon.", "en")
    long_words = "Notwithstanding administrative considerations, consignments are disseminated."
    hard = reading_ease(long_words, "en")
    assert easy > 80 > 0 > hard


def test_a_decimal_ends_no_sentence():
    assert reading_ease("It costs 4.50 euros now.", "en") == pytest.approx(
        206.835 - 1.015 * 5 - 84.6 * 6 / 5
    )


@given(st.lists(st.integers(0, 200), min_size=2, max_size=50))
def test_the_house_range_is_the_5th_to_95th_percentile(values):
    cuts = quantiles(values, n=20, method="inclusive")
    assert house_range(values) == pytest.approx((cuts[0], cuts[-1]))


def test_nearness_falls_to_nothing_a_whole_width_from_the_edge():
    near = Range(10, 20).nearness
    assert [near(v) for v in (10, 15, 20, 25, 5, 30, 0, -9)] == [1, 1, 1, 0.5, 0.5, 0, 0, 0]
    assert Range(5, 5).nearness(5) == 1 and Range(5, 5).nearness(6) == 0


def test_length_is_full_inside_the_range_and_nothing_outside():
    score = of("length_score", texts=["one two three", "one two three four"] * 10)
    found = [score("x " * n).value for n in (2, 3, 4, 5)]
    assert found == [0, 1, 1, 0]
    assert score(" I do not know. ").value == 1


def test_reading_ease_is_undefined_for_languages_that_no_formula_was_made_for():
    spec = replace(SPEC, language="de")
    found = of("readability_score", spec, ["Das ist gut so."])("Ja.")
    assert found.value is None and "language 'de'" in found.reason


def test_a_text_without_a_word_does_not_read_easily():
    assert of("readability_score", texts=["It is here. Come and see."] * 5)("?!").value == 0


@pytest.mark.parametrize(
    ("text", "phrase", "language", "there"),
    [
        ("We GUARANTEE it.", "guarantee", "en", True),
        ("No guarantees.", "guarantee", "en", False),
        ("Kind\n regards, Ann", "kind regards", "en", True),
        ("The the", "the", "en", True),
        ("Great!", "!", "en", True),
        ("Great", "!", "en", False),
        ("a+b", "+", "en", True),
        ("ışık IŞIK", "IŞIK", "tr", True),
        ("ISITICI", "ısıtıcı", "tr", True),
        ("ISITICI", "isitici", "tr", False),
        ("İADE", "iade", "tr", True),
        ("iadeler", "iade", "tr", False),
        ("anything", " ", "en", False),
        ("a.b", "a?b", "en", False),
    ],
)
def test_words_are_found_whole_whatever_their_case_and_with_turkish_i_apart(
    text, phrase, language, there
):
    assert uses(text, phrase, language) is there


@given(st.text(), st.text())
def test_whatever_stands_between_spaces_is_found(before, after):
    assert uses(f"{before} kind regards {after}", "Kind Regards", "en")


def test_every_rule_has_to_be_kept():
    spec = replace(SPEC, must_use=("regards", "we"), must_not_use=("asap",))
    score = of("lexicon_score", spec)
    assert score("We send it. Regards").value == 1
    assert score("We send it ASAP. Regards").value == 0
    assert score("Sent.").value == 0
    assert score("I do not know.").value == 1
    assert broken_rules("Sent asap, regards", spec) == (Rule("we", True), Rule("asap", False))


def test_without_word_lists_there_is_no_score():
    assert (
        of("lexicon_score")("x").reason == "the task names no words that must or must not be used"
    )
