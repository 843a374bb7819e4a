"""Answers that the data contradicts: told by ask and audit, in plain words, and never changed."""

import json

import pytest

from advisor.at_odds import at_odds
from advisor.facts import Known
from advisor.questionnaire import AnswerSheet, cases
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
