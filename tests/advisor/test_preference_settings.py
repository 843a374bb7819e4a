"""Preference pairs in a project folder: recognised, mapped, and refused with a fix."""

import json
import tomllib
from dataclasses import fields

import pytest

from advisor.audit import audit
from advisor.new_project import create_project
from advisor.project import open_project, read_project
from advisor.settings_file import change
from harness.data_columns import PairColumns
from harness.errors import UserError
from harness.runner import make_plan
from harness.task import load_task
from tuning.recipe import PreferenceSettings


def rows(file, some):
    file.write_text("\n".join(json.dumps(row) for row in some), encoding="utf-8")
    return file


def pairs(file, count=60):
    some = [
        {"prompt": f"Why {i}?", "chosen": f"For reason {i}.", "rejected": "Who knows."}
        for i in range(count)
    ]
    return rows(file, some)


def examples(file):
    return rows(file, [{"question": f"What {i}?", "answer": f"Thing {i}."} for i in range(60)])


def test_new_recognises_preference_pairs_and_writes_where_they_are(tmp_path):
    files = [pairs(tmp_path / "better.jsonl"), examples(tmp_path / "rows.jsonl")]
    guess = create_project(tmp_path / "desk", files).guess
    assert guess.train.name == "rows.jsonl" and guess.heldout is None
    assert guess.pairs.file.name == "better.jsonl" and guess.pairs.n_rows == 60
    written = tomllib.loads((tmp_path / "desk" / "rungwise.toml").read_text(encoding="utf-8"))
    assert written["data"]["preferences"] == "data/better.jsonl"
    wanted = {"question": "prompt", "chosen": "chosen", "rejected": "rejected"}
    assert written["data"]["preference_columns"] == wanted
    project = open_project(tmp_path / "desk")
    loaded = load_task(project.spec(), project.sources())
    assert loaded.problems == () and len(loaded.pairs) == 60
    assert loaded.pair_columns == PairColumns("prompt", "chosen", "rejected")
    assert project.settings().rungs[-1] == "preference"


def test_new_names_what_can_be_decided_about_pairs_only_where_there_are_some(tmp_path):
    table = examples(tmp_path / "rows.jsonl")
    for name, files in (("one", [table]), ("both", [table, pairs(tmp_path / "better.jsonl")])):
        create_project(tmp_path / name, files)
        text = (tmp_path / name / "rungwise.toml").read_text(encoding="utf-8")
        assert ("[preference]" in text) == (name == "both")
    section = text[text.index("[preference]") :].partition("\n[")[0]
    remarks = [line for line in section.splitlines() if line.startswith("# ") and " = " in line]
    assert len(remarks) == len(fields(PreferenceSettings))
    taken = text.replace(section, section.replace("\n# ", "\n").replace("\nChosen", "\n# Chosen"))
    (tmp_path / "both" / "rungwise.toml").write_text(taken, encoding="utf-8")
    assert open_project(tmp_path / "both").settings().preference == PreferenceSettings(
        beta=0.1, learning_rate=0.0001, epochs=1
    )


def test_pairs_that_lack_a_part_are_left_out_where_the_user_says_so_and_counted(tmp_path):
    gaps = [
        {"prompt": "Why?", "chosen": "So.", "rejected": ""},
        {"prompt": "", "chosen": "So.", "rejected": "No."},
    ]
    better = pairs(tmp_path / "better.jsonl")
    rows(better, [*map(json.loads, better.read_text(encoding="utf-8").splitlines()), *gaps])
    create_project(tmp_path / "desk", [better, examples(tmp_path / "rows.jsonl")])
    project = open_project(tmp_path / "desk")
    refused = load_task(project.spec(), project.sources())
    assert refused.task is None and [p.message for p in refused.problems] == [
        "no rejected", "no prompt"
    ]  # fmt: skip
    assert all('incomplete = "leave_out" under [data]' in p.fix for p in refused.problems)
    file = tmp_path / "desk" / "rungwise.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[data]\n", '[data]\nincomplete = "leave_out"\n'), "utf-8")
    project = open_project(tmp_path / "desk")
    loaded = load_task(project.spec(), project.sources())
    assert loaded.problems == () and len(loaded.pairs) == 60
    assert [problem.where for problem in loaded.left_out] == [
        "data/better.jsonl, row 61", "data/better.jsonl, row 62"
    ]  # fmt: skip
    assert loaded.task.left_out == 2
    (told,) = (f for f in audit(loaded, project.spec()).findings if "left out" in f.message)
    assert "That is 2 of 122 rows" in told.message


def test_two_files_of_pairs_are_refused_and_nothing_is_made(tmp_path):
    files = [pairs(tmp_path / "a.jsonl"), pairs(tmp_path / "b.jsonl")]
    with pytest.raises(UserError, match="2 files of preference pairs were given"):
        create_project(tmp_path / "desk", files)
    assert not (tmp_path / "desk").exists()


@pytest.fixture
def desk(tmp_path):
    create_project(tmp_path / "desk", [examples(tmp_path / "rows.jsonl")])
    return tmp_path / "desk"


def write(desk, text):
    with (desk / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write(f"\n{text}\n")


def test_without_pairs_the_rung_is_not_offered(desk):
    assert "preference" not in open_project(desk).settings().rungs


def test_what_is_written_about_learning_from_pairs_is_in_the_plan(desk, tiny_model):
    write(desk, "[preference]\nbeta = 0.5\nlearning_rate = 5e-5\nepochs = 3")
    project = change(desk, {("model", "generator"): tiny_model.as_posix()})
    wanted = PreferenceSettings(0.5, 5e-5, 3)
    assert project.settings().preference == wanted
    task = load_task(project.spec(), project.sources()).task
    assert make_plan(desk, "r", task, project.settings()).preference == wanted


@pytest.mark.parametrize(
    ("line", "error", "fix"),
    [
        ("beta = 0", "beta must be above 0 and at most 10", "write beta = 0.1"),
        ("learning_rate = 0.5", "learning_rate must be above 0", "write learning_rate = 0.0001"),
        ("epochs = -1", "epochs must be above 0 and at most 100", "write epochs = 1"),
        ('beta = "much"', 'beta cannot be "much"', "write beta = 0.1"),
        ("bta = 0.1", "there is no key 'bta'", "did you mean beta?"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_what_to_write(desk, line, error, fix):
    write(desk, f"[preference]\n{line}")
    (problem,) = read_project(desk).problems
    assert error in problem.message and fix in problem.fix
    assert "[preference]" in problem.where


def test_a_column_mapped_to_nothing_known_is_refused(desk):
    write(desk, '[data.preference_columns]\nbetter = "a"')
    (problem,) = read_project(desk).problems
    assert "there is no key 'better'" in str(problem)
    assert "chosen" in problem.fix and "[data.preference_columns]" in problem.where


def test_the_audit_says_what_is_odd_about_pairs_with_their_rows(tmp_path):
    given = [
        {"prompt": f"Why {i}?", "chosen": f"For reason number {i}.", "rejected": "Who knows."}
        for i in range(40)
    ]
    given.append({"prompt": "Why 1?", "chosen": "Who knows.", "rejected": "For reason number 1."})
    given.append({"prompt": "Who?", "chosen": "Ask ada@example.org now.", "rejected": "Nobody."})
    held = {"prompt": "What 3?", "chosen": "Thing 3.", "rejected": "Nothing."}
    questions = [held | {"prompt": f"What {i}?"} for i in range(60)]
    files = [rows(tmp_path / "p.jsonl", [*given, *questions]), examples(tmp_path / "rows.jsonl")]
    create_project(tmp_path / "desk", files)
    project = open_project(tmp_path / "desk")
    loaded = load_task(project.spec(), project.sources())
    found = {
        one.code: one
        for one in audit(loaded, project.spec()).findings
        if "preference pairs" in one.message.lower()
    }
    assert set(found) == {"too_few", "leak", "contradiction", "pii"}
    assert found["leak"].count == len(loaded.leaked_pairs) == len(loaded.task.heldout)
    assert set(found["contradiction"].rows) == {"p-2", "p-41"}
    assert found["pii"].rows == ("p-42",) and "ada" not in found["pii"].message
