"""Answers in another language than the right ones, in Turkish and in English."""

import pytest

from harness.types import Answer, Example, TaskSpec
from tests.harness.test_diagnosis import cell, item, look, undefined

SORRY = "Bu bilgi elimizde yok, bilmiyorum."
TURKISH = "Kargonuz yarın sabah saat dokuzda teslim edilecektir."
ENGLISH = "Your parcel will be delivered tomorrow morning at nine."
GERMAN = "Ihr Paket wird morgen früh um neun Uhr zugestellt werden."
SHORT = "5 gün."


def task(language):
    return TaskSpec("desk", "answer", "Answer.", language=language, abstention=SORRY)


def asked(*references):
    """Questions whose right answers these are."""
    return [Example(f"h{i}", "?", (text,)) for i, text in enumerate(references)]


def languages(language, heldout, *seeds):
    cells = []
    for seed, texts in enumerate(seeds):
        answers = [Answer(e.id, text) for e, text in zip(heldout, texts, strict=True)]
        cells.append(cell("prompt", answers, seed))
    return look(task(language), heldout, cells).rungs["prompt"].languages


@pytest.mark.parametrize(
    ("language", "right", "wrong", "code"),
    [("tr", TURKISH, ENGLISH, "en"), ("en", ENGLISH, TURKISH, "tr")],
)
def test_answers_in_another_language_are_counted_and_the_language_is_named(
    language, right, wrong, code
):
    found = languages(language, asked(*[right] * 4), [right, wrong, wrong, right])
    assert (found.other.mean, found.other.n, found.mostly) == (0.5, 4, code)


def test_what_is_asked_for_is_the_language_of_the_right_answer_whatever_the_task_says():
    found = languages("tr", asked(ENGLISH, ENGLISH), [ENGLISH, ENGLISH])
    assert found.other.mean == 0 and found.mostly == ""


def test_where_the_right_answer_is_short_the_question_tells_the_language():
    question = Example("h0", "Siparişimin ne zaman teslim edileceğini söyler misiniz?", (SHORT,))
    assert languages("tr", [question], [ENGLISH]).other.mean == 1


def test_short_answers_and_those_that_do_not_know_are_left_out():
    found = languages("en", asked(ENGLISH, ENGLISH, ENGLISH), [SORRY, "tomorrow", TURKISH])
    assert (found.other.mean, found.other.n) == (1.0, 1)
    assert undefined(languages("tr", asked(TURKISH), [SHORT]).other)


def test_every_seed_counts_on_the_questions_that_all_of_them_answered_for_sure():
    heldout = asked(*[TURKISH] * 4)
    first = [TURKISH, TURKISH, SHORT, ENGLISH]
    found = languages("tr", heldout, first, [ENGLISH, TURKISH, ENGLISH, ENGLISH])
    assert (found.other.mean, found.other.n, found.mostly) == (0.5, 3, "en")
    assert languages("tr", heldout, first).other.mean == pytest.approx(1 / 3)
    alone = languages("tr", heldout[:1], [TURKISH], [SHORT])
    assert undefined(alone.other) and alone.mostly == ""


def test_the_language_named_is_that_of_the_answers_that_count():
    heldout = asked(*[TURKISH] * 4)
    first = [GERMAN, GERMAN, ENGLISH, TURKISH]
    found = languages("tr", heldout, first, [SHORT, SHORT, ENGLISH, TURKISH])
    assert (found.other.mean, found.other.n, found.mostly) == (0.5, 2, "en")
    assert languages("tr", heldout, first).mostly == "de"


def test_labels_and_languages_that_are_not_known_have_no_such_count():
    sort = TaskSpec("desk", "label", "Sort.", labels=("a", "b"))
    heldout = [item(0, references=("a",), key_facts=())]
    assert look(sort, heldout, [cell("prompt", [Answer("h0", "a")])]).rungs["prompt"].languages is (
        None
    )
    assert languages("xx", asked(TURKISH), [TURKISH]) is None
