"""Training rows as other programs take them: their documented shapes, and never a held-out row."""

import json

import pytest

from advisor.training_format import Row
from advisor.training_formats import training_format, training_formats
from harness.prompts import system_prompt
from tests.advisor.page_project import HOSTILE, make_project, make_run
from tests.command import here, refused

ROWS = [
    Row("Sort it.\nInto: a, b", "Where is my parcel?", "a"),
    Row("Sort it.\nInto: a, b", f"\u2028 \u0085 \r\n\t\x00 {HOSTILE} ğüşİ 🙂", '{"x": "\\"}'),
    Row("", " ", ""),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("rows") / "project")


@pytest.fixture(scope="module")
def run(project):
    return make_run(project)


@pytest.mark.parametrize("name", training_formats())
def test_every_format_gives_back_every_letter(name):
    chosen = training_format(name)
    assert chosen.read(chosen.write(ROWS)) == ROWS
    assert chosen.read(chosen.write([])) == []


@pytest.mark.parametrize("name", [n for n, f in training_formats().items() if f.suffix == ".jsonl"])
def test_a_row_is_one_line_whatever_is_in_it(name):
    assert training_format(name).write(ROWS).count(b"\n") == len(ROWS)


def first(name):
    raw = training_format(name).write(ROWS).decode()
    return json.loads(raw)[0] if name == "alpaca" else json.loads(raw.split("\n")[0])


def test_the_shapes_are_those_that_are_documented():
    system, user, answer = ROWS[0]
    assert first("openai") == {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
            {"role": "assistant", "content": answer},
        ]
    }
    assert first("alpaca") == {"instruction": system, "input": user, "output": answer}
    assert first("sharegpt") == {
        "conversations": [
            {"from": "system", "value": system},
            {"from": "human", "value": user},
            {"from": "gpt", "value": answer},
        ]
    }
    assert first("trl") == {
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def test_the_file_holds_the_training_rows_as_the_rungs_ask_them_and_no_other_row(
    project, run, tmp_path
):
    view = run.view()
    for where, name in ((run.folder, "run.jsonl"), (project, "project.jsonl")):
        done = here("export", where, "--training-set", "openai", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        assert f"{len(view.train)} training rows" in done.stdout
    rows = training_format("openai").read((tmp_path / "run.jsonl").read_bytes())
    assert (tmp_path / "project.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()
    assert [row.user for row in rows] == [example.question for example in view.train]
    assert {row.system for row in rows} == {system_prompt(view.spec)}
    kept = {example.question for example in (*view.dev, *run.heldout())}
    assert kept and not kept & {row.user for row in rows}


def test_a_wrong_format_a_file_that_is_there_and_options_of_a_model_are_refused(run, tmp_path):
    out = tmp_path / "rows.jsonl"
    said = refused(here("export", run.folder, "--training-set", "axolotl", "--out", out))
    assert any("openai" in fix and "trl" in fix for fix in said.values())
    said = refused(
        here("export", run.folder, "--training-set", "trl", "--merge", "--seed", "0", "--out", out)
    )
    assert any("--seed and --merge" in fix for fix in said.values())
    assert not out.exists()
    out.write_text("mine", encoding="utf-8")
    refused(here("export", run.folder, "--training-set", "trl", "--out", out))
    assert out.read_text(encoding="utf-8") == "mine"
