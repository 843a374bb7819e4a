"""Answers of the user, of the data and of a worked case on one sheet: who gives way to whom."""

from pathlib import Path

import pytest

from advisor.answers import add_known, answer, case_named, shown_name, take_case
from advisor.audit import AuditReport
from advisor.facts import Known, known_from
from advisor.questionnaire import AnswerSheet, cases
from harness.data_columns import Columns
from harness.errors import UserError
from harness.task import Loaded
from harness.types import Example, Task, TaskSpec

CENTRE, CATALOGUE = case_named("call-centre"), case_named("daily_catalogue")


def test_a_case_is_found_by_its_name_however_it_is_joined():
    assert [case_named(shown_name(case)) for case in cases()] == list(cases())
    assert case_named(" Call-Centre ") == CENTRE
    with pytest.raises(UserError, match="unknown worked case: 'petition'"):
        case_named("petition")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.key)
def test_a_case_fills_in_all_but_what_depends_on_the_user_and_marks_each(case):
    sheet = take_case(AnswerSheet({}), case)
    assert sheet.answers == {**case.settled, **case.typical} and sheet.from_data == {}
    assert sheet.from_case.keys() == sheet.answers.keys()
    assert set(case.open) >= {"held_out_set", "baseline", "examples", "model_access"}
    for key, words in sheet.from_case.items():
        assert words.startswith(case.title)
        assert words.endswith("where it is typical") == (key in case.typical)


def test_what_the_user_has_answered_stays_also_where_it_is_that_nothing_is_known():
    sheet = take_case(AnswerSheet({"voice": "high", "speed": "dont_know"}), CENTRE)
    assert (sheet.answers["voice"], sheet.answers["speed"]) == ("high", "dont_know")
    assert not {"voice", "speed"} & set(sheet.from_case)


def test_another_case_takes_the_place_of_the_first_but_for_what_was_confirmed():
    first = answer(take_case(AnswerSheet({}), CENTRE), "speed", CENTRE.typical["speed"])
    second = take_case(first, CATALOGUE)
    assert second.answers["speed"] == CENTRE.typical["speed"] != CATALOGUE.typical["speed"]
    others = {key: option for key, option in second.answers.items() if key != "speed"}
    filled = {**CATALOGUE.settled, **CATALOGUE.typical}
    assert others == {key: option for key, option in filled.items() if key != "speed"}


def test_the_data_beats_the_case_and_the_user_beats_the_data():
    known = [Known("documents_size", "few", "900 words"), Known("change_rate", "never", "dates")]
    sheet = take_case(AnswerSheet({"change_rate": "daily"}), CATALOGUE, known)
    assert sheet.answers["documents_size"] == "few"
    assert sheet.from_data == {"documents_size": "900 words"}
    assert "documents_size" not in sheet.from_case and sheet.answers["change_rate"] == "daily"
    again = take_case(sheet, case_named("company-documents"))
    assert again.answers["documents_size"] == "few", "the case may not undo what the data says"
    newer = add_known(again, [Known("documents_size", "more", "1 million words")])
    assert newer.answers["documents_size"] == "more", "data that has grown answers anew"


def test_answering_by_hand_takes_the_marks_off_that_question_alone():
    known = [Known("documents_size", "few", "900 words")]
    sheet = take_case(AnswerSheet({}), CATALOGUE, known)
    same = answer(sheet, "documents_size", "few")
    assert same.from_data == sheet.from_data, "it is still what the data says"
    changed = answer(sheet, "documents_size", "more")
    assert changed.from_data == {} and changed.answers["documents_size"] == "more"
    assert answer(sheet, "voice", "some").from_case.keys() == sheet.from_case.keys() - {"voice"}


def facts(language: str, generator: str) -> dict[str, str]:
    rows = tuple(Example(f"e{i}", f"q{i}", ("a",)) for i in range(3))
    task = Task(TaskSpec("t", "answer", "Do.", language), rows, (), rows, (), "f")
    loaded = Loaded(task, (), (), (*rows, *rows), (), Columns())
    report = AuditReport(examples=6, documents=0, findings=())
    return {one.question: one.option for one in known_from(loaded, report, generator)}


def test_the_language_is_known_of_the_model_that_comes_with_the_program_only_and_no_size():
    assert facts("tr", "smollm2-135m-instruct") == {
        "held_out_set": "under_30",
        "examples": "under_50",
        "knowledge": "rare",
    }, "the model that answers in the end is another one"
    assert "knowledge" not in facts("en", "smollm2-135m-instruct")
    for other in ("", "owner/another-model", "openai:http://127.0.0.1:8000/v1#m"):
        assert not {"knowledge", "reader_size"} & facts("tr", other).keys()


def test_the_two_tables_of_a_sheet_survive_the_disk(tmp_path: Path):
    from advisor.questionnaire import read_answers, write_answers

    sheet = take_case(AnswerSheet({}), CENTRE, [Known("examples", "from_50", "60 rows")])
    write_answers(tmp_path / "answers.toml", sheet)
    assert read_answers(tmp_path / "answers.toml") == sheet
