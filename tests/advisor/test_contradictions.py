"""Answers that do not fit together: named where both are given, and left as they are."""

import re

import pytest

from advisor.question_types import DONT_KNOW
from advisor.questionnaire import questionnaire, questions
from advisor.questionnaire_file import load_questionnaire
from advisor.recommend import recommend
from harness.errors import UserError
from tests.advisor.test_questionnaire import AMERICAN, RIGHT, UNEXPLAINED

every_contradiction = pytest.mark.parametrize(
    "one",
    questionnaire().contradictions,
    ids=lambda one: f"{one.first.question}-{one.second.question}",
)


@every_contradiction
def test_two_answers_that_do_not_fit_together_are_named_and_neither_alone_is(one):
    asked = {question.key: question for question in questions()}
    for first in one.first.any_of:
        for second in one.second.any_of:
            both = {one.first.question: first, one.second.question: second}
            for key in tuple(both):  # what has to be answered for both to be asked
                condition = asked[key].ask_if
                if condition is not None:
                    both.setdefault(condition.question, condition.any_of[0])
            told = recommend(both)
            assert one.text in [found.text for found in told.contradictions]
            assert told.confidence.level != "high"
            assert "Some answers contradict each other." in told.confidence.text
            for key in (one.first.question, one.second.question):
                alone = recommend({**both, key: DONT_KNOW})
                assert one.text not in [found.text for found in alone.contradictions]


@every_contradiction
def test_a_contradiction_is_one_plain_sentence(one):
    assert one.text.endswith(".") and one.text.count(". ") == 0
    assert ", yet " in one.text
    assert not re.search(UNEXPLAINED, one.text, re.IGNORECASE)
    assert not re.search(AMERICAN, one.text, re.IGNORECASE)


def test_an_answer_to_a_question_that_is_no_longer_asked_contradicts_nothing():
    answers = {"knowledge": "general", "documents_size": "unwritten", "permissions": "differs"}
    assert recommend(answers).contradictions == ()


def test_contradicting_answers_are_not_mended_behind_the_users_back():
    one = {"documents_size": "unwritten", "citations": "must", "knowledge": "private"}
    advice = recommend(one)
    moved = {reason.question for reason in advice.reasons}
    assert {"citations", "knowledge"} <= moved
    assert {blocked.question for blocked in advice.blocked} == {"documents_size", "citations"}


def test_a_contradiction_on_an_unknown_answer_is_named(tmp_path):
    path = tmp_path / "questionnaire.toml"
    entry = (
        '[[contradiction]]\nfirst = { question = "need", is = ["yes"] }\n'
        'second = { question = "ned", is = ["no"] }\ntext = "Both."\n'
    )
    path.write_text(RIGHT + entry, encoding="utf-8")
    with pytest.raises(UserError, match="contradiction number 1: unknown earlier question: 'ned'"):
        load_questionnaire(path)
