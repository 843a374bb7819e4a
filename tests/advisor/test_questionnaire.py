"""The questions as data: complete, plain, sourced; and what is said of a wrong file."""

import re
from itertools import combinations

import pytest

from advisor.question_types import DONT_KNOW, Cap, Question
from advisor.questionnaire import (
    QUESTIONNAIRE_PATH,
    cases,
    check_answers,
    questionnaire,
    questions,
    visible,
)
from advisor.questionnaire_file import load_questionnaire
from advisor.recommend import recommend
from harness.errors import UserError

RUNGS = ["prompt", "few_shot", "constrained", "rag", "finetune", "rag_finetune", "preference"]
DOCUMENT_QUESTIONS = {"change_rate", "documents_size", "permissions", "untrusted"}

UNEXPLAINED = (
    r"\b(q?lora|embeddings?|tokens?|adapters?|epochs?|fine-tun\w*|inference|latency|p95|vram|gpus?|"
    r"cpus?|rag|sft|dpo|rlhf|corpus|vectors?|hyperparameters?|weights|gradients?|checkpoints?|"
    r"context window|schema|classifiers?|json|parameters?|few-shot|held-out|api|llms?)\b(?! \()"
)
"""Words of the trade; allowed only with an explanation in brackets right behind them."""

AMERICAN = r"\b(behavior|color|analyze|organization|center|judgment|labeled|labeling|favor)\b"

every_question = pytest.mark.parametrize("question", questions(), ids=lambda question: question.key)


def texts_of(question: Question) -> list[str]:
    """Everything that a person reads about a question."""
    found = [question.text, question.example, question.why, question.find_out]
    for option in question.options:
        found += [option.text, option.because]
        for gate in option.gates:
            found += [] if isinstance(gate, Cap) else [getattr(gate, "do", "")]
    return found


# --- the shipped questionnaire --------------------------------------------------------------------


def test_the_questions_are_the_22_rows_in_order_and_the_table_at_the_top_says_so():
    header = QUESTIONNAIRE_PATH.read_text(encoding="utf-8").split("[[candidate]]")[0]
    table = {int(row): key for row, key in re.findall(r"(\d+) ([a-z_]+)\b", header)}
    assert [question.row for question in questions()] == list(range(1, 23))
    assert table == {question.row: question.key for question in questions()}


def test_the_candidates_are_the_rungs_of_the_ladder_between_staying_and_leaving():
    keys = [candidate.key for candidate in questionnaire().candidates]
    assert keys == ["stay", *RUNGS, "none"]


def test_keys_are_unique():
    keys = [question.key for question in questions()]
    assert len(set(keys)) == len(keys) == 22
    experiments = [experiment.key for experiment in questionnaire().experiments]
    assert len(set(experiments)) == len(experiments)


@every_question
def test_a_question_has_options_with_reasons_and_dated_sources_and_a_way_out(question):
    *options, way_out = question.options
    assert len(options) >= 2
    assert (way_out.key, way_out.text, way_out.effects) == (DONT_KNOW, "I don't know", ())
    for option in options:
        assert option.because[0].islower(), option.because
        assert not option.because.endswith(".")
        dated = re.search(r"\b(19|20)\d\d\b|computed", option.source)
        assert dated, f"{option.key}: no year in the source '{option.source}'"
        assert all(points != 0 for _, points in option.effects)
        assert 0 <= option.knowledge <= 3 and 0 <= option.behaviour <= 3


@every_question
def test_a_question_is_one_plain_sentence_with_an_example_and_a_reason(question):
    assert question.text.endswith("?") and question.text.count("?") == 1
    for sentence in (question.example, question.why, question.find_out):
        assert sentence.endswith(".")
    assert question.why.count(". ") == 0


@every_question
def test_no_question_needs_jargon_to_be_answered(question):
    for text in texts_of(question):
        without_commands = re.sub(r"`[^`]*`", "", text)
        found = re.search(UNEXPLAINED, without_commands, re.IGNORECASE)
        assert not found, f"'{found[0]}' is not explained in: {text}"


@every_question
def test_the_words_are_calm_and_british(question):
    for text in texts_of(question):
        assert "!" not in text
        assert not re.search(AMERICAN, text, re.IGNORECASE), text


def test_the_jargon_test_catches_jargon():
    assert re.search(UNEXPLAINED, "How many tokens?", re.IGNORECASE)
    assert not re.search(UNEXPLAINED, "How many tokens (pieces of words)?", re.IGNORECASE)


def outcome(answers) -> tuple[object, ...]:
    """All that an answer can move, but for how sure the advice is."""
    advice = recommend(answers)
    return (
        [(place.rung, place.score, place.blocked) for place in advice.ranking],
        [one.do for one in advice.requirements],
        advice.next_experiment,
        advice.axes,
        advice.contradictions,
    )


CONTEXTS = [
    {},
    *(dict(case.answers) for case in cases()),
    {"held_out_set": "none", "baseline": "tuned_short", "citations": "must"},
    {"main_failure": "both", "knowledge": "recent", "documents_size": "unwritten"},
    {"change_rate": "never"},
]


@every_question
def test_every_option_can_matter(question):
    """Each two answers to a question lead to different advice in some context."""
    found = [{o.key: outcome({**c, question.key: o.key}) for o in question.options}
             for c in CONTEXTS]  # fmt: skip
    real = [option.key for option in question.options if option.key != DONT_KNOW]
    for one, other in combinations(real, 2):
        assert any(told[one] != told[other] for told in found), (one, other)


@every_question
def test_knowing_is_told_from_not_knowing(question):
    for option in question.options[:-1]:
        known, unknown = (
            [(outcome(answers), recommend(answers).confidence) for answers in rows]
            for rows in zip(
                *(({**c, question.key: option.key}, {**c, question.key: DONT_KNOW})
                  for c in CONTEXTS),
                strict=True,
            )
        )  # fmt: skip
        assert known != unknown, option.key


def test_every_effect_and_gate_names_a_candidate():
    known = {candidate.key for candidate in questionnaire().candidates}
    for question in questions():
        for option in question.options:
            named = {rung for rung, _ in option.effects}
            for gate in option.gates:
                named |= set(getattr(gate, "rungs", ())) | set(getattr(gate, "before", ()))
            assert named <= known, (question.key, option.key)


# --- which questions are asked, and what the data answers -----------------------------------------


def test_questions_about_documents_are_hidden_only_when_no_knowledge_is_missing():
    def hidden(answers):
        return {question.key for question in questions()} - {q.key for q in visible(answers)}

    assert hidden({"knowledge": "general"}) == DOCUMENT_QUESTIONS
    assert hidden({"knowledge": "private"}) == set()
    assert hidden({"knowledge": DONT_KNOW}) == set()
    assert hidden({}) == set()
    assert hidden({"voice": "little", "model_access": "hosted_only"}) == {"preferences", "hardware"}


def test_facts_of_the_data_fill_in_answers():
    facts = {"n_heldout": 80, "n_examples": 5000, "personal_data": 3, "documents_size": 150_000}
    assert questionnaire().from_facts(facts) == {
        "held_out_set": "some",
        "examples": "from_200",
        "personal_data": "removable",
        "documents_size": "more",
    }
    assert questionnaire().from_facts({"n_examples": 5001, "personal_data": 0, "n_heldout": 0}) == {
        "held_out_set": "none",
        "examples": "over_5000",
        "personal_data": "no",
    }
    assert questionnaire().from_facts({"language": 0.2}) == {}, "most rows are in the model's own"
    assert questionnaire().from_facts({"language": 0.9}) == {"knowledge": "rare"}
    assert questionnaire().from_facts({"gpu_memory": 12}) == {
        "hardware": "small_card",
    }


def test_the_facts_are_those_named_at_the_top():
    header = QUESTIONNAIRE_PATH.read_text(encoding="utf-8").split("\n\n[[candidate]]")[0]
    named = set(re.findall(r"[a-z_]+", header.split("Facts:")[1].split("Points:")[0]))
    facts = {question.from_data for question in questions() if question.from_data}
    assert facts <= named
    for question in questions():
        starts = [option.starts_at for option in question.options if option.starts_at is not None]
        assert bool(starts) == bool(question.from_data), question.key
        assert len(set(starts)) == len(starts)


def test_an_unknown_fact_names_the_nearest():
    with pytest.raises(UserError) as caught:
        questionnaire().from_facts({"n_exampels": 3})
    assert caught.value.problems[0].message == "unknown fact: 'n_exampels'"
    assert caught.value.problems[0].fix.startswith("did you mean 'n_examples'? known: ")


def test_wrong_answers_are_all_named_with_the_nearest_known():
    voice, option = check_answers({"voise": "high", "voice": "hig", "speed": "tight"})
    assert (voice.message, option.message) == (
        "unknown question: 'voise'",
        "unknown option of voice: 'hig'",
    )
    assert voice.fix.startswith("did you mean 'voice'? known: held_out_set, baseline")
    assert option.fix == "did you mean 'high'? known: little, some, high, dont_know"
    assert check_answers({"voice": 3})[0].message == "unknown option of voice: '3'"
    assert check_answers({"voice": DONT_KNOW}) == ()


# --- a wrong questionnaire ------------------------------------------------------------------------

RIGHT = """
[[candidate]]
key = "stay"
title = "Stay"
baseline = 1
because = "it is there"
[[candidate]]
key = "climb"
title = "Climb"
baseline = 0
because = "it is work"
[[question]]
key = "need"
row = 1
text = "Is it needed?"
example = "A wish."
why = "To know."
find_out = "Ask."
[[question.option]]
key = "yes"
text = "Yes"
effects = { climb = 2 }
because = "it is needed"
source = "2026"
[[question.option.gate]]
kind = "block"
rungs = ["climb"]
lifted_by = "a rope"
[[question.option]]
key = "no"
text = "No"
effects = {}
because = "it is not needed"
source = "2026"
"""


@pytest.mark.parametrize(
    ("right", "wrong", "where", "message", "fix"),
    [
        (
            "climb = 2",
            "clim = 2",
            ", effects",
            "unknown key: 'clim'",
            "did you mean 'climb'? known",
        ),
        ("climb = 2", "climb = true", ", effects", "climb is True", "must be of type int"),
        ('"block"', '"blok"', ", gate", "unknown kind of gate: 'blok'", "did you mean 'block'?"),
        ('["climb"]', '["stay"]', ", gate", "unknown rung: 'stay'", "known: climb"),
        ('source = "2026"\n[[question.option.', "[[question.option.", "", "missing: source", "add"),
        ('text = "Yes"', 'text = ""', "", "text is empty", "fill it in"),
        ('key = "no"', 'key = "yes"', None, "its options are yes, yes", "keys of their own"),
        ('key = "no"', 'key = "dont_know"', None, "its options are yes, dont_know", "none called"),
        ("row = 1", 'row = "1"', None, "row is '1'", "must be of type int"),
        (
            "row = 1",
            'row = 1\nask_if = { question = "need", is = ["yes"] }',
            None,
            "unknown earlier question: 'need'",
            "known: ",
        ),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, right, wrong, where, message, fix):
    path = tmp_path / "questionnaire.toml"
    path.write_text(RIGHT.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_questionnaire(path)
    (problem,) = caught.value.problems
    inside = "" if where is None else f", option 'yes'{where}"
    assert problem.where == f"questionnaire.toml, question 'need'{inside}"
    assert message in problem.message and fix in problem.fix


def test_all_wrong_entries_are_named_at_once(tmp_path):
    path = tmp_path / "questionnaire.toml"
    copy = RIGHT.split("[[question]]")[1]
    text = f"{RIGHT}[[question]]{copy}[[question]]\nrow = 3\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_questionnaire(path)
    assert [problem.where.split(", ")[1] for problem in caught.value.problems] == [
        "question 'need'",
        "question number 3",
    ]
    assert "taken by an earlier question" in caught.value.problems[0].message


def test_a_file_that_is_not_toml_says_where(tmp_path):
    path = tmp_path / "questionnaire.toml"
    path.write_text("[[question]\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"questionnaire\.toml: not TOML \(.*line 1"):
        load_questionnaire(path)
