"""What surrounds the ranking: what would change it, how sure it is, what to measure, the axes."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.question_types import DONT_KNOW
from advisor.questionnaire import cases, questionnaire, questions
from advisor.recommend import recommend
from advisor.standing import counted, stand

CASES = {case.key: dict(case.answers) for case in cases()}

answers_to = {
    question.key: st.sampled_from([option.key for option in question.options])
    for question in questions()
}


@given(st.fixed_dictionaries({}, optional=answers_to))
@settings(max_examples=30)
def test_the_flips_are_exactly_the_single_answers_that_change_the_first_place(answers):
    advice = recommend(answers)
    visible = questionnaire().visible(answers)

    def first(changed):
        return stand(questionnaire(), counted(questionnaire(), changed)).order[0]

    expected = {
        (question.key, option.key): first({**answers, question.key: option.key})
        for question in visible
        for option in question.options
        if option.key not in (answers.get(question.key), DONT_KNOW)
    }
    assert {(flip.question, flip.other): flip.rung for flip in advice.would_change_if} == {
        change: rung for change, rung in expected.items() if rung != advice.first
    }


def test_flips_on_open_questions_come_first_then_neighbouring_answers():
    answers = {**CASES["turkish_specialist"], "examples": DONT_KNOW}
    flips = recommend({**answers, "documents_size": "few"}).would_change_if
    assert flips[0].given is None
    flips = recommend(CASES["petitions"]).would_change_if
    assert [(flip.question, flip.given, flip.other, flip.rung) for flip in flips[:2]] == [
        ("held_out_set", "some", "under_30", "few_shot"),
        ("personal_data", "no", "removable", "few_shot"),
    ]
    assert flips[1].text == (
        "If “Is there personal data in the examples that a model would learn from?” were answered "
        "“Yes, but it can be replaced first”, the advice would be: Prompt with examples."
    )


def test_confidence_says_how_complete_and_how_clear():
    documents = recommend(CASES["company_documents"]).confidence
    assert (documents.level, documents.share, documents.lead) == ("high", 1.0, 18)
    close = recommend(CASES["turkish_specialist"]).confidence
    assert (close.level, close.lead) == ("medium", 1)
    empty = recommend({}).confidence
    assert (empty.level, empty.share) == ("low", 0.0)
    assert empty.text == (
        "Low: 0 of 12 deciding questions are answered (0 of 22 in all), and this candidate leads "
        "by 1 point. This is general experience, not a measurement: only a check on your own data "
        "can confirm it."
    )
    level = recommend({**CASES["brand_voice"], "held_out_set": "under_30"}).confidence
    assert (level.level, level.lead) == ("low", 0)
    assert "two candidates are level, so the cheaper one is named" in level.text


@given(
    st.fixed_dictionaries(answers_to), st.sampled_from([q.key for q in questions() if q.decisive])
)
@settings(max_examples=40)
def test_an_unknown_decisive_answer_never_leaves_the_confidence_high(answers, key):
    known = recommend(answers).confidence
    unknown = recommend({**answers, key: DONT_KNOW})
    assert unknown.confidence.share <= max(known.share, 11 / 12)
    if key in {question.key for question in questionnaire().visible(answers)}:
        assert unknown.confidence.share < 1 and unknown.confidence.level != "high"


def test_the_next_experiment_is_the_cheapest_that_is_due_or_tests_the_aim():
    def following(answers):
        return recommend(answers).next_experiment.key

    assert following({}) == "held_out"
    assert following({"held_out_set": "some"}) == "baseline"
    assert following(CASES["company_documents"]) == "oracle"
    assert following(CASES["brand_voice"]) == "half_data"
    assert following(CASES["turkish_specialist"]) == "half_data", "retrieval is in both contenders"
    measured = {"held_out_set": "enough", "baseline": "short"}
    assert following({**measured, "output_format": "form_breaks"}) == "grammar"
    assert following({**measured, "baseline": "reached"}) == "present"
    assert following({**measured, "task_shape": "rule"}) == "floors"


def test_some_experiment_tells_any_two_candidates_apart():
    candidates = [candidate.key for candidate in questionnaire().candidates]
    for one in candidates:
        for other in candidates:
            apart = [
                experiment
                for experiment in questionnaire().experiments
                if (one in experiment.separates) != (other in experiment.separates)
            ]
            assert apart or one == other, (one, other)


def test_the_axes_place_the_case_between_knowledge_and_behaviour():
    def axes(answers):
        return tuple(asdict(recommend(answers).axes).values())

    assert axes({}) == (None, None)
    assert axes({"held_out_set": "enough"}) == (None, None), "says nothing about either need"
    assert axes({"main_failure": "facts"}) == (1.0, 0.0)
    assert axes(CASES["petitions"]) == (0.0, 1.0)
    assert axes(CASES["company_documents"]) == (1.0, pytest.approx(1 / 6))
    assert axes(CASES["turkish_specialist"]) == (1.0, 1.0)
