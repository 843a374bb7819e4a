"""Answers that the data contradicts: told by ask and audit, in plain words, and never changed."""

import io
import json
import sys

import pytest

from advisor.at_odds import at_odds
from advisor.cli import main
from advisor.facts import Known
from advisor.questionnaire import AnswerSheet, cases
from advisor.ready import load_what_can_be
from tests.command import here, make_project, rungwise

CONFIG = '[data]\nexamples = "data/a.jsonl"\nheldout = 37\n[task]\nkind = "label"\n'
ROWS = [
    {"text": f"call me at 0532 555 {i:02} {i:02}" if i < 29 else f"say {i}", "label": "ab"[i % 2]}
    for i in range(140)
]
ANSWERS = '[answers]\nheld_out_set = "enough"\npersonal_data = "no"\nexamples = "from_50"\n'
HELD_OUT = "is answered “Yes, 100 or more”. Your data says otherwise: 37 questions held out."
PERSONAL = "is answered “No”. Your data says otherwise: "


@pytest.fixture
def root(tmp_path):
    made = make_project(tmp_path / "p", CONFIG, a__jsonl="\n".join(map(json.dumps, ROWS)))
    (made / "answers.toml").write_text(ANSWERS, encoding="utf-8")
    return made


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_audit_and_ask_tell_of_both_and_leave_the_answers_as_they_are(root, tmp_path, more):
    given = tmp_path / "given.toml"
    given.write_text(ANSWERS, encoding="utf-8")
    for command in (("audit", root), ("ask", root, "--answers", given)):
        done = here(*command, *more)
        assert done.returncode == 0, done.stderr
        assert HELD_OUT in done.stderr and PERSONAL in done.stderr
        assert done.stderr.count("Your data says otherwise") == 2, "103 to learn from fit"
        if more:
            json.loads(done.stdout)
    kept = (root / "answers.toml").read_text(encoding="utf-8")
    assert 'held_out_set = "enough"' in kept and 'personal_data = "no"' in kept


def test_ask_tells_of_it_also_where_everything_is_answered_already(root):
    case = cases()[0]
    answers = {**case.answers, "held_out_set": "enough"}
    lines = [f'{key} = "{option}"' for key, option in answers.items()]
    (root / "answers.toml").write_text("\n".join(["[answers]", *lines]), encoding="utf-8")
    assert HELD_OUT in rungwise("ask", root, input="\n").stderr


@pytest.fixture
def looks(monkeypatch, capsys) -> list[str]:
    """What was printed before, each time the data was read."""
    seen: list[str] = []

    def reading(*given):
        seen.append(capsys.readouterr().out)
        return load_what_can_be(*given)

    monkeypatch.setattr("advisor.verbs.ask.load_what_can_be", reading)
    return seen


def test_answers_of_a_file_are_advised_on_before_the_data_is_read(root, tmp_path, looks, capsys):
    given = tmp_path / "given.toml"
    given.write_text(ANSWERS, encoding="utf-8")
    assert main(["ask", str(root), "--answers", str(given)]) == 0
    assert len(looks) == 1 and "the answers point to: " in looks[0]
    assert capsys.readouterr().err.count("Your data says otherwise") == 2


def test_the_data_is_not_read_where_it_can_neither_answer_nor_contradict(root, tmp_path, looks):
    given = tmp_path / "given.toml"
    given.write_text('[answers]\nvoice = "little"\n', encoding="utf-8")
    assert main(["ask", str(root), "--answers", str(given)]) == 0
    assert looks == []


def test_the_data_is_read_once_though_it_fills_in_and_contradicts(root, looks, capsys, monkeypatch):
    open_still = ANSWERS.replace('examples = "from_50"\n', "")
    (root / "answers.toml").write_text(open_still, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert main(["ask", str(root)]) == 0
    told = capsys.readouterr()
    assert "Filled in from your data" in told.err and HELD_OUT in told.err
    assert len(looks) == 1 and "the answers point to: " in told.out


def test_a_damaged_questionnaire_does_not_keep_the_audit_from_its_work(root):
    (root / "answers.toml").write_text("[answers]\nno = 'such'\n", encoding="utf-8")
    done = here("audit", root)
    assert done.returncode == 0 and "says otherwise" not in done.stderr


@pytest.mark.parametrize(
    ("answers", "known", "told"),
    [
        ({"personal_data": "needed"}, ("personal_data", "removable"), False),  # beside the scale
        ({"personal_data": "removable"}, ("personal_data", "removable"), False),
        ({"personal_data": "dont_know"}, ("personal_data", "removable"), False),
        ({}, ("personal_data", "removable"), False),
        ({"reader_size": "large"}, ("reader_size", "small"), False),  # another model may be meant
        # to a question that is not asked
        ({"knowledge": "general", "documents_size": "more"}, ("documents_size", "few"), False),
        ({"knowledge": "private", "documents_size": "more"}, ("documents_size", "few"), True),
    ],
)
def test_only_what_measures_the_same_and_otherwise_is_told(answers, known, told):
    assert bool(at_odds(AnswerSheet(answers), [Known(*known, "so it is")])) is told
