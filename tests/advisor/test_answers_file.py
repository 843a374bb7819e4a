"""The user's answers on disk, and the worked cases."""

from datetime import UTC, datetime

import pytest

from advisor.questionnaire import AnswerSheet, cases, questionnaire, read_answers, write_answers
from advisor.questionnaire_file import load_cases
from harness.errors import UserError

SHEET = AnswerSheet(
    answers={"examples": "from_200", "voice": "dont_know"},
    from_data={"examples": "412 rows in “data/examples.jsonl”"},
    from_case={"voice": "Product texts in a brand voice, where it is typical"},
    by='Ayşe "A." Yılmaz',
    at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
)


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "answers.toml"
    write_answers(path, SHEET)
    assert read_answers(path) == SHEET
    assert [file.name for file in tmp_path.iterdir()] == ["answers.toml"]


def test_an_unfinished_sheet_is_kept_too(tmp_path):
    path = tmp_path / "answers.toml"
    write_answers(path, AnswerSheet({}))
    assert read_answers(path) == AnswerSheet({})


def test_a_sheet_written_by_hand_needs_only_answers(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('[answers]\nvoice = "high"\n', encoding="utf-8")
    assert read_answers(path) == AnswerSheet({"voice": "high"})


def test_a_wrong_sheet_is_not_written_and_the_old_one_stays(tmp_path):
    path = tmp_path / "answers.toml"
    write_answers(path, SHEET)
    with pytest.raises(UserError, match="unknown option of voice: 'loud'"):
        write_answers(path, AnswerSheet({"voice": "loud"}))
    assert read_answers(path) == SHEET


def test_an_old_sheet_is_replaced_whole_and_never_overwritten_in_place(tmp_path):
    path, kept = tmp_path / "answers.toml", tmp_path / "kept.toml"
    write_answers(path, SHEET)
    kept.hardlink_to(path)
    write_answers(path, AnswerSheet({"voice": "high"}))
    assert read_answers(path) == AnswerSheet({"voice": "high"})
    assert read_answers(kept) == SHEET


def test_a_write_that_fails_leaves_nothing_half_written(tmp_path):
    path = tmp_path / "answers.toml"
    path.mkdir()  # a folder in the way: the rename fails after the file has been written
    with pytest.raises(OSError):
        write_answers(path, SHEET)
    assert [file.name for file in tmp_path.iterdir()] == ["answers.toml"]


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        (
            'voice = "high"\n',
            "",
            "unknown key: 'voice'",
            "known: answers, filled_in, from_data, from_case",
        ),
        ("", "", "missing: answers", "add what is missing"),
        ("[answers]\nvoice = 3\n", "", "unknown option of voice: '3'", "known: little, some, high"),
        ('[answers]\nvoyce = "high"\n', "", "unknown question: 'voyce'", "did you mean 'voice'?"),
        ("answers = 3\n", "", "answers is 3", "it must be of type dict"),
        ('[answers]\n[filled_in]\nat = "noon"\n', ", filled_in", "at is 'noon'", "type datetime"),
        (
            '[answers]\nvoice = "high"\n[from_data]\nspeed = "x"\n',
            ", from_data",
            "unknown key: 'speed'",
            "known: voice",
        ),
    ],
)
def test_a_wrong_sheet_says_what_and_where(tmp_path, text, place, message, fix):
    path = tmp_path / "answers.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_answers(path)
    (problem,) = caught.value.problems
    assert problem.where == f"answers.toml{place}"
    assert message in problem.message and fix in problem.fix


def test_a_missing_sheet_is_a_mistake_with_a_fix(tmp_path):
    with pytest.raises(UserError) as caught:
        read_answers(tmp_path / "answers.toml")
    assert caught.value.problems[0].message == "cannot be read (No such file or directory)"
    assert caught.value.problems[0].fix == "check the path"


def test_the_worked_cases_are_the_six_typical_ones():
    assert [case.key for case in cases()] == [
        "petitions",
        "brand_voice",
        "call_centre",
        "company_documents",
        "daily_catalogue",
        "turkish_specialist",
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.key)
def test_a_case_answers_every_question_that_it_is_asked_in_two_sentences(case):
    assert len(case.answers) == len(case.settled) + len(case.typical) + len(case.open)
    assert set(case.answers) == {q.key for q in questionnaire().visible(case.answers)}
    assert case.story.count(". ") == 1 and case.story.endswith(".")


def test_a_wrong_case_is_named(tmp_path):
    path = tmp_path / "cases.toml"
    path.write_text(
        '[[case]]\nkey = "a"\ntitle = "A"\nstory = "A. B."\nbecause = "c"\n'
        'expected = ["rag"]\n'
        'settled = { voice = "loud" }\ntypical = {}\nopen = {}\n',
        encoding="utf-8",
    )
    with pytest.raises(UserError) as caught:
        load_cases(path, questionnaire())
    assert str(caught.value) == "cases.toml, case 'a': unknown option of voice: 'loud'"
