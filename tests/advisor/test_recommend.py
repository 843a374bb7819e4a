"""Answers in, advice out: checked against a second, naive way of adding the same points up."""

import json
import tomllib
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.question_types import DONT_KNOW
from advisor.questionnaire import QUESTIONNAIRE_PATH, cases, questions
from advisor.questionnaire_file import load_questionnaire
from advisor.recommend import recommend
from harness.errors import UserError

RAW = tomllib.loads(QUESTIONNAIRE_PATH.read_text(encoding="utf-8"))
EFFORT = [candidate["key"] for candidate in RAW["candidate"]]

some_answers = st.fixed_dictionaries(
    {},
    optional={
        question.key: st.sampled_from([option.key for option in question.options])
        for question in questions()
    },
)
all_answers = st.fixed_dictionaries(
    {
        question.key: st.sampled_from([option.key for option in question.options])
        for question in questions()
    }
)
CASES = {case.key: dict(case.answers) for case in cases()}


def naive(answers):
    """Scores and places straight from the TOML: (order, scores, held)."""
    chosen, options = {}, []
    for question in RAW["question"]:
        condition = question.get("ask_if")
        if condition:
            earlier = chosen.get(condition["question"], DONT_KNOW)
            if earlier not in [*condition["is"], DONT_KNOW]:
                continue
        chosen[question["key"]] = answers.get(question["key"], DONT_KNOW)
        options += [o for o in question["option"] if o["key"] == chosen[question["key"]]]
    gates = [gate for option in options for gate in option.get("gate", [])]
    scores, held = {}, {rung for gate in gates for rung in gate.get("before", [])}
    for candidate in RAW["candidate"]:
        rung = candidate["key"]
        total = candidate["baseline"] + sum(option["effects"].get(rung, 0) for option in options)
        caps = [g["at_most"] for g in gates if g["kind"] == "cap" and rung in g["rungs"]]
        scores[rung] = min([total, *caps])
        if any(gate["kind"] == "block" and rung in gate["rungs"] for gate in gates):
            held.add(rung)
    usable = [rung for rung in EFFORT if rung not in held]
    order = sorted(usable, key=lambda rung: -scores[rung])
    order += sorted((rung for rung in EFFORT if rung in held), key=lambda rung: -scores[rung])
    return order, scores, held


# --- the ranking ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.key)
def test_a_worked_case_ranks_as_expected(case):
    advice = recommend(case.answers)
    first = tuple(place.rung for place in advice.ranking[: len(case.expected)])
    assert first == case.expected
    assert advice.aim == case.expected[0]


def test_without_answers_the_ladder_stands_in_the_order_of_effort():
    advice = recommend({})
    assert [(place.rung, place.score) for place in advice.ranking] == [
        ("prompt", 6),
        ("few_shot", 5),
        ("constrained", 4),
        ("rag", 3),
        ("stay", 2),
        ("finetune", 1),
        ("none", 0),
        ("rag_finetune", -1),
        ("preference", -3),
    ]
    assert advice.reasons == advice.blocked == advice.requirements == advice.to_find_out == ()


@pytest.mark.parametrize(
    ("rung", "answers"),
    [
        ("stay", {"baseline": "reached"}),
        ("prompt", {"knowledge": "private", "documents_size": "few"}),
        ("few_shot", {"baseline": "short", "voice": "some", "task_shape": "several"}),
        ("constrained", {"output_format": "form_breaks"}),
        ("rag", CASES["daily_catalogue"]),
        ("finetune", CASES["brand_voice"]),
        (
            "rag_finetune",
            {
                "baseline": "short",
                "main_failure": "both",
                "knowledge": "rare",
                "documents_size": "more",
                "voice": "high",
                "examples": "from_200",
                "reader_size": "small",
            },
        ),
        ("preference", {"baseline": "tuned_short", "voice": "high", "preferences": "enough"}),
        ("none", {"task_shape": "rule"}),
    ],
)
def test_every_candidate_can_come_first(rung, answers):
    assert recommend(answers).first == rung


@given(some_answers)
@settings(max_examples=30)
def test_the_ranking_agrees_with_the_naive_sum(answers):
    order, scores, held = naive(answers)
    ranking = recommend(answers).ranking
    assert [place.rung for place in ranking] == order
    assert {place.rung: place.score for place in ranking} == scores
    assert {place.rung for place in ranking if place.blocked} == held


@given(all_answers)
@settings(max_examples=30)
def test_a_blocked_rung_never_ranks_first(answers):
    advice = recommend(answers)
    assert not advice.ranking[0].blocked
    assert advice.first not in {blocked.rung for blocked in advice.blocked}


@given(some_answers, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_neither_repetition_nor_the_order_of_the_answers_changes_anything(answers, random):
    shuffled = list(answers.items())
    random.shuffle(shuffled)
    assert recommend(answers) == recommend(answers) == recommend(dict(shuffled))


@given(some_answers)
@settings(max_examples=30)
def test_the_reasons_add_up_to_the_score(answers):
    advice = recommend(answers)
    for place in advice.ranking:
        assert place.score == place.baseline + sum(reason.effect for reason in place.reasons)
    assert sorted(advice.reasons, key=str) == sorted(
        (reason for place in advice.ranking for reason in place.reasons), key=str
    )
    strengths = [abs(reason.effect) for reason in advice.reasons]
    assert strengths == sorted(strengths, reverse=True)


@given(all_answers)
@settings(max_examples=30)
def test_not_knowing_is_the_same_as_not_answering_but_names_what_to_find_out(answers):
    unknown = [key for key, answer in answers.items() if answer == DONT_KNOW]
    silent = recommend({key: a for key, a in answers.items() if a != DONT_KNOW})
    advice = recommend(answers)
    assert advice.ranking == silent.ranking and advice.would_change_if == silent.would_change_if
    assert advice.confidence == silent.confidence
    assert {one.question for one in advice.to_find_out} <= set(unknown)


def test_the_answer_to_a_question_that_is_not_asked_does_not_count():
    hidden = recommend({"knowledge": "general", "change_rate": "daily", "permissions": "differs"})
    assert hidden.reasons == recommend({"knowledge": "general"}).reasons
    assert hidden.blocked == ()


def test_a_tie_goes_to_the_cheaper_candidate(tmp_path):
    path = tmp_path / "questionnaire.toml"
    entries = [
        f'[[candidate]]\nkey = "{key}"\ntitle = "T"\nbaseline = 1\nbecause = "b"' for key in "abc"
    ]
    option = (
        '[[question.option]]\nkey = "{}"\ntext = "t"\nbecause = "b"\nsource = "2026"\neffects = {}'
    )
    question = (
        '[[question]]\nkey = "q"\nrow = 1\ntext = "t?"\nexample = "e"\nwhy = "w"\nfind_out = "f"'
    )
    options = [option.format("none", "{}"), option.format("more", "{ c = 1, b = 1 }")]
    path.write_text("\n".join([*entries, question, *options]), encoding="utf-8")
    asked = load_questionnaire(path)
    assert [place.rung for place in recommend({}, asked).ranking] == ["a", "b", "c"]
    assert [place.rung for place in recommend({"q": "more"}, asked).ranking] == ["b", "c", "a"]


def test_unknown_answers_are_refused_with_the_nearest_known():
    with pytest.raises(UserError) as caught:
        recommend({"voice": "high", "knowlege": "private"})
    assert caught.value.problems[0].fix.startswith("did you mean 'knowledge'? known: ")


# --- gates ----------------------------------------------------------------------------------------


def test_a_cap_is_a_reason_with_the_points_it_took():
    advice = recommend({**CASES["brand_voice"], "held_out_set": "under_30"})
    finetune = next(place for place in advice.ranking if place.rung == "finetune")
    cap = next(reason for reason in finetune.reasons if reason.question == "held_out_set")
    assert (finetune.score, cap.effect, advice.first) == (5, -6, "prompt")
    assert cap.because == (
        "with fewer than 30 questions no difference short of overwhelming can be seen"
    )


def test_of_two_caps_only_the_stricter_is_named():
    advice = recommend({**CASES["brand_voice"], "held_out_set": "under_30", "baseline": "reached"})
    finetune = next(place for place in advice.ranking if place.rung == "finetune")
    assert finetune.score == 5
    assert "baseline" not in {reason.question for reason in finetune.reasons}


def test_waiting_and_ruled_out_are_told_apart_and_the_aim_looks_past_waiting_only():
    waiting = recommend({**CASES["company_documents"], "baseline": "no"})
    assert (waiting.first, waiting.aim) == ("prompt", "rag")
    rag = next(blocked for blocked in waiting.blocked if blocked.rung == "rag")
    assert rag.waiting
    assert rag.lifted_by.startswith("Measure a careful instruction")
    assert rag.because == "an untried instruction is the cheapest thing left to try"
    assert waiting.requirements[1].before == ("rag", "finetune", "rag_finetune", "preference")

    forbidden = recommend({**CASES["call_centre"], "model_access": "hosted_only"})
    assert (forbidden.first, forbidden.aim) == ("constrained", "constrained")
    assert {(b.rung, b.waiting) for b in forbidden.blocked if b.question == "model_access"} == {
        ("finetune", False),
        ("rag_finetune", False),
        ("preference", False),
    }


# --- step by step -------------------------------------------------------------------------------


@given(some_answers)
@settings(max_examples=30)
def test_the_steps_lead_from_the_start_to_the_ranking(answers):
    advice = recommend(answers)
    start, *steps = advice.steps
    assert (start.question, start.order) == (None, tuple(naive({})[0]))
    assert advice.steps[-1].order == tuple(place.rung for place in advice.ranking)
    so_far = {}
    for step in steps:
        so_far[step.question] = step.answer
        order, scores, _ = naive(so_far)
        assert (list(step.order), dict(step.scores)) == (order, scores)


def test_a_step_names_what_it_moved():
    steps = recommend({"knowledge": "recent", "citations": "must"}).steps
    assert [(step.question, set(step.moved)) for step in steps] == [
        (None, set()),
        ("knowledge", {"rag", "rag_finetune", "finetune"}),
        ("citations", {"prompt", "few_shot", "rag", "rag_finetune", "finetune", "preference"}),
    ]


@given(some_answers)
@settings(max_examples=20)
def test_a_recommendation_can_be_written_as_json(answers):
    advice = asdict(recommend(answers))
    assert json.loads(json.dumps(advice))["ranking"][0]["rung"] == advice["ranking"][0]["rung"]
