"""Sentences on the form: whether worked examples cure it, and answers in another language."""

import dataclasses

import pytest

from advisor.diagnosis import besides
from advisor.form_words import about_decoding, about_examples_and_form, about_language
from harness.decoding import FREE, GAIN, HELD
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
        f"Worked examples cure answers that are {what}: 10 % of answers with them, 60 % without "
        "them. That needs no training."
    )
    (helped,) = told(kind, field, 0.6, 0.4)
    assert helped.startswith(f"Worked examples help against answers that are {what}: 40 % of")
    for after in (0.55, 0.65, 0.9):
        (not_cured,) = told(kind, field, 0.6, after)
        assert not_cured.startswith(
            f"Worked examples are not shown to help against answers that are {what}:"
        )


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


BOTH = [
    {"decoding": FREE, "dev_score": 0.61, "low": 0.0, "high": 0.74},
    {"decoding": HELD, "dev_score": 0.93, "low": 0.83, "high": 0.98},
]
BROUGHT = {"difference": 0.32, "low": 0.18, "high": 0.46, "questions": 48}


def tuned(**effort):
    settings = {"decoding": HELD}
    return dataclasses.replace(arm("finetune", 0.6), settings=settings, effort=effort)


def test_a_rung_is_judged_with_its_answers_held_and_without_in_one_sentence():
    one = tuned(decodings_tried=BOTH, **{GAIN: BROUGHT})
    said = (
        "On dev it scored 93 % (83–98 %) with answers held to the labels, 61 % (0–74 %) free: "
        "+32 points (+18 to +46) on the same 48 questions. So its answers were held."
    )
    assert about_decoding("label", one) == said
    assert "held to the schema" in about_decoding("json", one)
    free = dataclasses.replace(one, settings={"decoding": FREE})
    assert about_decoding("label", free).endswith("So its answers were left free.")
    shown = experiment({"finetune": one}, diagnostics=Diagnostics(rungs={"finetune": ONE}))
    assert said in besides(shown, "finetune")


ONE = dataclasses.replace(_one(), score=share(0.6))


def test_an_older_run_is_told_without_intervals_and_one_that_tried_nothing_not_at_all():
    old = [{name: trial[name] for name in ("decoding", "dev_score")} for trial in BOTH]
    assert about_decoding("label", tuned(decodings_tried=old)) == (
        "On dev it scored 93 % with answers held to the labels, 61 % free. So its answers were "
        "held."
    )
    assert about_decoding("label", tuned()) == ""
    assert about_decoding("label", tuned(decodings_tried=[])) == ""
