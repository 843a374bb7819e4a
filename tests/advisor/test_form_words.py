"""Sentences on the form: whether worked examples cure it, and answers in another language."""

import dataclasses

import pytest

from advisor.form_words import about_examples_and_form, about_language
from harness.decoding import FREE, HELD
from harness.diagnosis.findings import Diagnostics, Form, Languages, RungDiagnosis, Share
from tests.advisor.experiments import arm, experiment


def share(mean, half=0.05, n=100):
    return Share(mean, max(0.0, mean - half), min(1.0, mean + half), n)


def form(**shares):
    blank = {"malformed": Share(), "empty": Share(), "truncated": Share(), "copied": Share()}
    return Form(malformed_cut=0, **{**blank, **shares})


def told(kind, field, before, after, rung="few_shot", **settings):
    rungs = {
        name: RungDiagnosis(form=form(**{field: share(mean)}))
        for name, mean in (("prompt", before), ("few_shot", after))
    }
    shown = dataclasses.replace(arm("few_shot", 0.6), settings=settings)
    found = experiment({"prompt": 0.5, "few_shot": shown}, kind=kind,
                       diagnostics=Diagnostics(rungs=rungs))  # fmt: skip
    return list(about_examples_and_form(found, rung))


@pytest.mark.parametrize(
    ("kind", "field", "what"),
    [
        ("label", "malformed", "no label of the list"),
        ("json", "malformed", "no valid JSON by the schema"),
        ("answer", "too_long", "longer than the house writes"),
        ("text", "too_short", "shorter than the house writes"),
    ],
)
def test_the_probe_says_whether_examples_cure_the_form(kind, field, what):
    (cured,) = told(kind, field, 0.6, 0.1)
    assert cured == (
        f"Worked examples cure the form: with them 10 % of answers were {what}, without them "
        "60 %. No training is needed for that."
    )
    (helped,) = told(kind, field, 0.6, 0.4)
    assert helped.startswith("Worked examples help the form, and do not cure it: with them 40 % of")
    for after in (0.55, 0.65, 0.9):
        (not_cured,) = told(kind, field, 0.6, after)
        assert not_cured.startswith("Worked examples do not cure the form: ")


@pytest.mark.parametrize("kind", ["label", "json"])
def test_examples_have_no_credit_for_a_form_that_decoding_alone_allows(kind):
    assert told(kind, "malformed", 0.6, 0.0, decoding=HELD) == []
    assert len(told(kind, "malformed", 0.6, 0.0, decoding=FREE)) == 1


def test_nothing_is_said_where_the_form_was_right_or_of_another_rung():
    assert told("label", "malformed", 0.1, 0.0) == []
    assert told("label", "malformed", 0.6, 0.1, "prompt") == []
    alone = experiment({"few_shot": 0.5}, diagnostics=Diagnostics(rungs={"few_shot": _one()}))
    assert list(about_examples_and_form(alone, "few_shot")) == []


def _one(**more):
    return RungDiagnosis(**more)


def test_answers_in_another_language_have_a_sentence_that_names_it():
    (said,) = about_language(_one(languages=Languages(share(0.3, n=40), "en")))
    assert said == (
        "12 of 40 answers (30 %) were in another language than the right ones, mostly English."
    )
    assert list(about_language(_one(languages=Languages(share(0.01), "en")))) == []
    assert list(about_language(_one(languages=Languages(Share(), "")))) == []
    assert list(about_language(_one())) == []
