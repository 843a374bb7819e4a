"""Rows without a question or an answer: refused, or left out where the user says so, and told."""

import dataclasses
import json

import pytest

from advisor import workflow
from advisor.project import open_project
from advisor.report import build
from advisor.report.plain import section_text
from advisor.verbs_shared import foretell
from harness.disk import write_json
from tests.advisor.report_runs import smallest
from tests.command import here, make_project, refused

ROWS = [{"text": f"message {i}", "label": ("ham", "spam")[i % 2]} for i in range(60)]
GAPS = [{"text": "message 70", "label": ""}, {"text": "", "label": "ham"}, {"text": "message 72"}]
CONFIG = '[data]\nexamples = "data/a.jsonl"\nincomplete = "{}"\n[task]\nkind = "label"\n'
SAID = "3 rows without a question or an answer were left out."


def project(folder, incomplete):
    text = "\n".join(map(json.dumps, [*ROWS, *GAPS]))
    return make_project(folder / "p", CONFIG.format(incomplete), a__jsonl=text)


def test_they_are_refused_unless_the_user_says_otherwise_and_the_fix_says_how(tmp_path):
    told = here("audit", project(tmp_path, "refuse"))
    assert told.returncode == 1 and "must fix: no label – and 2 more like it" in told.stdout
    assert 'leave such rows out: incomplete = "leave_out" under [data]' in told.stdout


def test_left_out_they_are_counted_by_the_audit_and_before_a_check(tmp_path, capsys):
    root = project(tmp_path, "leave_out")
    audited = here("audit", root)
    assert audited.returncode == 0, audited.stdout
    assert f"should know: {SAID} That is 3 of 63 rows (5 %)" in audited.stdout
    assert "  where: data/a.jsonl, row 61, data/a.jsonl, row 62, data/a.jsonl, row 63\n" in (
        audited.stdout
    )
    found = open_project(root)
    endpoint = "openai:http://127.0.0.1:9/v1#none"  # no model is needed to plan
    settings = dataclasses.replace(
        found.settings(), generator=endpoint, embedder=endpoint, rungs=("prompt",)
    )
    run = workflow.start_run(found, "planned", settings=settings)
    assert run.plan().left_out == 3
    capsys.readouterr()
    foretell(run)
    assert SAID in capsys.readouterr().err
    view = run.view()
    assert len((*view.train, *view.dev, *run.heldout())) == 60


def test_the_report_counts_them_too(tmp_path):
    run = smallest(tmp_path)
    assert "Left out" not in data_section(run)
    write_json(run.folder / "run.json", dataclasses.replace(run.plan(), left_out=1))
    assert "1 row of the files, without a question or an answer" in data_section(run)


def data_section(run):
    report = build(run, workflow.finished(run), workflow.prior_of(run))
    (section,) = (one for one in report.sections if one.key == "data")
    return section_text(section)


def test_a_question_that_nothing_answers_stays_where_the_task_says_what_to_say(tmp_path):
    text = [{"question": f"Q {i}?", "answer": f"A {i}."} for i in range(60)]
    text += [{"question": "Who knows?", "answer": None}, {"question": "Forgotten?", "answer": ""}]
    for abstention, kept in (('abstention = "I do not know."\n', 61), ("", 60)):
        config = CONFIG.format("leave_out").replace('"label"', '"answer"') + abstention
        rows = "\n".join(map(json.dumps, text))
        root = make_project(tmp_path / f"p{kept}", config, a__jsonl=rows)
        loaded = workflow.load(open_project(root))
        assert loaded.problems == () and len(loaded.examples) == kept
        assert len(loaded.left_out) == loaded.task.left_out == 62 - kept


@pytest.mark.parametrize("word", ["drop", "leave out"])
def test_another_word_is_refused_with_those_that_are_known(tmp_path, word):
    told = refused(here("audit", project(tmp_path, word)))
    assert told == {
        f'rungwise.toml, [data]: incomplete cannot be "{word}"': (
            'write incomplete = "refuse" or "leave_out"'
        )
    }
