"""Every gate on at least three cases: what comes first, where the answers point, and what is said.

Expected values were set by reading the case: "first" is what can be done now, "first > aim" adds
where the answers point once everything that can be done first has been done.
"""

import pytest

from advisor.question_types import Block, Cap, Require
from advisor.questionnaire import cases, questions
from advisor.recommend import recommend

BASES = {case.key: dict(case.answers) for case in cases()}
BASES["tuned"] = {"held_out_set": "enough", "baseline": "tuned_short", "voice": "high"}
BASES["combined"] = {
    "held_out_set": "enough",
    "baseline": "short",
    "main_failure": "both",
    "knowledge": "rare",
    "documents_size": "more",
    "voice": "high",
    "examples": "from_200",
    "reader_size": "small",
}

GOLDEN = {
    "held_out_set=no_measure": (
        "petitions: few_shot > finetune, call_centre: prompt > finetune, "
        "company_documents: prompt > rag"
    ),
    "held_out_set=none": (
        "petitions: few_shot > finetune, call_centre: prompt > finetune, "
        "company_documents: prompt > rag"
    ),
    "held_out_set=under_30": "petitions: few_shot, call_centre: constrained, combined: rag",
    "held_out_set=some": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "baseline=no": (
        "petitions: prompt > finetune, call_centre: prompt > finetune, "
        "company_documents: prompt > rag, daily_catalogue: few_shot > rag"
    ),
    "baseline=uncounted": (
        "petitions: prompt > finetune, call_centre: prompt > finetune, "
        "company_documents: prompt > rag"
    ),
    "baseline=reached": "petitions: stay, call_centre: stay, company_documents: stay",
    "documents_size=unwritten": (
        "company_documents: prompt, daily_catalogue: few_shot, combined: finetune"
    ),
    "citations=must": (
        "call_centre: constrained, company_documents: rag, combined: rag, petitions: rag"
    ),
    "voice=high": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "task_shape=rule": "petitions: none, call_centre: none, company_documents: none",
    "examples=messy": (
        "petitions: few_shot > finetune, call_centre: constrained > finetune, "
        "company_documents: rag"
    ),
    "preferences=none": "tuned: rag, petitions: finetune, company_documents: rag",
    "preferences=few": "tuned: rag, brand_voice: finetune, company_documents: rag",
    "volume=high_long": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "speed=tight": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "speed=device": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "model_access=hosted_only": (
        "petitions: few_shot, call_centre: constrained, company_documents: rag, combined: rag"
    ),
    "model_access=hosted_tuning": (
        "petitions: few_shot > finetune, call_centre: constrained > finetune, "
        "company_documents: rag"
    ),
    "personal_data=needed": (
        "petitions: few_shot > finetune, call_centre: constrained > finetune, "
        "company_documents: rag"
    ),
    "personal_data=removable": (
        "petitions: few_shot > finetune, call_centre: constrained > finetune, "
        "company_documents: rag"
    ),
    "permissions=differs": "combined: rag, daily_catalogue: rag, turkish_specialist: rag",
    "untrusted=yes": "company_documents: rag, daily_catalogue: rag, turkish_specialist: rag",
    "wrong_cost=harm": "petitions: finetune, call_centre: finetune, company_documents: rag",
    "wrong_cost=harm_unchecked": (
        "petitions: none > finetune, call_centre: none > finetune, company_documents: none > rag"
    ),
    "reader_size=small": (
        "petitions: finetune, call_centre: finetune, combined: rag_finetune, tuned: rag_finetune, "
        "company_documents: rag, daily_catalogue: rag"
    ),
}

NOTHING_TO_LOOK_UP = {("reader_size=small", "petitions"), ("reader_size=small", "call_centre")}
"""Where no search is to be built: there are no documents, and retrieval is far from the top."""

ROWS = [
    (gate, base, *places.partition(" > ")[::2])
    for gate, rows in GOLDEN.items()
    for base, places in (row.split(": ") for row in rows.split(", "))
]


def test_every_gate_has_at_least_three_cases():
    gated = {f"{q.key}={option.key}" for q in questions() for option in q.options if option.gates}
    assert gated == set(GOLDEN)
    for gate in gated:
        assert sum(row[0] == gate for row in ROWS) >= 3, gate


@pytest.mark.parametrize(("gate", "base", "first", "aim"), ROWS)
def test_a_gate_leads_where_it_should_and_says_why(gate, base, first, aim):
    key, answer = gate.split("=")
    advice = recommend({**BASES[base], key: answer})
    assert (advice.first, advice.aim) == (first, aim or first)

    option = next(question for question in questions() if question.key == key).option(answer)
    blocked = {(b.rung, b.because, b.lifted_by) for b in advice.blocked if b.question == key}
    required = [(r.do, r.because) for r in advice.requirements if r.question == key]
    for one in option.gates:
        match one:
            case Block():
                assert {(rung, option.because, one.lifted_by) for rung in one.rungs} <= blocked
            case Require():
                said = (one.do, option.because) in required
                assert said is ((gate, base) not in NOTHING_TO_LOOK_UP)
                assert {(rung, option.because, one.do) for rung in one.before} <= blocked
            case Cap():
                capped = {place.rung: place.score for place in advice.ranking}
                assert all(capped[rung] <= one.at_most for rung in one.rungs)


WORKED = {
    "petitions": (
        "finetune few_shot prompt",
        "voice",
        "about 100 samples taught a small model a tone",
    ),
    "brand_voice": ("finetune prompt few_shot", "voice", "about 100 samples taught a small model"),
    "call_centre": ("finetune constrained prompt", "examples", "with this many examples"),
    "company_documents": (
        "rag prompt few_shot",
        "main_failure",
        "a missing fact can be handed over",
    ),
    "daily_catalogue": (
        "rag few_shot prompt",
        "change_rate",
        "no training keeps up with daily change",
    ),
    "turkish_specialist": (
        "rag rag_finetune prompt",
        "main_failure",
        "facts come first through retrieval",
    ),
}
"""Worked case: the first three places, and the answer that moves the first one most, with its
reason."""


@pytest.mark.parametrize("case", WORKED)
def test_a_worked_case_ranks_three_rungs_as_set_out_and_names_the_strongest_reason(case):
    places, question, because = WORKED[case]
    advice = recommend(BASES[case])
    assert [place.rung for place in advice.ranking[:3]] == places.split()
    strongest = max(reason.effect for reason in advice.ranking[0].reasons)
    found = [reason for reason in advice.ranking[0].reasons if reason.effect == strongest]
    assert question in [reason.question for reason in found]
    (reason,) = [reason for reason in found if reason.question == question]
    assert reason.because.startswith(because) and reason.source
    assert advice.contradictions == ()


@pytest.mark.parametrize(
    ("order", "answers", "said"),
    [
        (["finetune", "prompt", "rag", "stay"], {}, True),
        (["finetune", "prompt", "stay", "rag"], {}, False),
        (["finetune", "prompt", "stay", "rag"], {"documents_size": "few"}, True),
        (["finetune", "prompt", "stay", "rag"], {"documents_size": "unwritten"}, False),
    ],
)
def test_a_search_is_prepared_where_it_is_near_the_top_or_there_are_documents(order, answers, said):
    (reader,) = (question for question in questions() if question.key == "reader_size")
    (gate,) = reader.option("small").gates
    assert gate.is_said(order, answers) is said
