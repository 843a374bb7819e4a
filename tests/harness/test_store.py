"""A run on disk: a kill at any moment loses at most a batch, and damage is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.disk import write_json
from harness.errors import JobError, UserError
from harness.store import SCHEMA, Cell, Plan, Run, now, runs_in
from harness.types import (
    Answer,
    Context,
    Document,
    Example,
    Failure,
    Preparation,
    Query,
    Task,
    TaskSpec,
)

ROOT = Path(__file__).parents[2]
SPEC = TaskSpec("desk", "answer", "Answer.", language="tr", abstention="Bilmiyorum.")
TASK = Task(
    spec=SPEC,
    train=(Example("t1", "Kaç gün?", ("14 gün",), group="iade"),),
    dev=(Example("d1", "Nerede?", (), tags=(("kanal", "e-posta"),)),),
    heldout=(Example("h1", "Ne zaman?", ("yarın \u2028 belki",)), Example("h2", "Neden?", ("x",))),
    documents=(Document("a.md#p2", "Yarın.", "a.md", 2, "Teslimat"),),
    fingerprint="f00d",
)
ANSWER = Answer(
    "h1", "yarın\n\u2028", (Context("a.md", "Yarın.", 0.5, "T", 2, 7),), (0,), 0.25, 30, 4, True
)
FAILURE = Failure("h2", "prompt_too_long", "the prompt has 9000 tokens")


def plan(**changes):
    values = {
        "schema": SCHEMA, "run": "first", "created": now(), "spec": SPEC, "fingerprint": "f00d",
        "generator": "tiny", "generator_revision": "", "embedder": "mini",
        "cells": ("majority-s0",), "skipped": {"rag": "no documents"}, "seeds": 1,
        "effort": "quick", "margin": 0.03, "target": None, "max_new_tokens": 16,
        "environment": {"python": "3"},
    }  # fmt: skip
    return Plan(**{**values, **changes})


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path / "runs" / "first")
    made.create(plan(), TASK)
    return made


# What is written is read back


def test_a_plan_and_a_task_are_read_back_as_they_were(run):
    assert run.name == "first"
    stored = run.plan()
    assert stored == plan(created=stored.created)
    view = run.view()
    assert (view.spec, view.train, view.dev, view.documents) == (
        SPEC,
        TASK.train,
        TASK.dev,
        TASK.documents,
    )
    assert run.heldout() == TASK.heldout


def test_what_cells_read_holds_no_reference_of_a_held_out_question(run):
    assert run.queries() == (Query("h1", "Ne zaman?"), Query("h2", "Neden?"))
    for file in (run.folder / "data").iterdir():
        if file.name != "heldout.jsonl":
            assert "yarın \u2028 belki" not in file.read_text(encoding="utf-8")


def test_a_cell_is_read_back_with_answers_and_failures(run):
    cell = Cell(
        "rag-s0", "rag", 0, Preparation({"k": 2}, {"tried": []}, 1.5), (ANSWER,), (FAILURE,),
        2.5, 10**9, "engine", "CPU",
    )  # fmt: skip
    assert not run.finished("rag-s0")
    write_json(run.cell_file("rag-s0"), cell)
    assert run.finished("rag-s0")
    assert run.cell("rag-s0") == cell


def test_what_a_rung_learned_is_there_only_once_it_was_written(run):
    assert run.prepared("rag-s0") is None
    write_json(run.cell_file("rag-s0", ".prepared.json"), Preparation({"k": 2}))
    assert run.prepared("rag-s0") == Preparation({"k": 2})


def test_runs_are_listed_newest_first_and_half_made_ones_are_not(tmp_path, run):
    (tmp_path / "runs" / "broken").mkdir()
    second = Run(tmp_path / "runs" / "second")
    second.create(plan(run="second"), TASK)
    os.utime(second.folder / "run.json", (2e9, 2e9))
    assert [found.name for found in runs_in(tmp_path)] == ["second", "first"]
    assert runs_in(tmp_path / "nowhere") == []


# Killed in the middle


def test_answers_of_an_interrupted_cell_are_kept_in_order(run):
    assert run.partial_results("rag-s0") == []
    run.append_results("rag-s0", [ANSWER])
    run.append_results("rag-s0", [FAILURE, ANSWER])
    assert run.partial_results("rag-s0") == [ANSWER, FAILURE, ANSWER]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_line_cut_off_by_a_kill_is_removed_from_the_file_and_the_next_one_is_whole(run, cut):
    run.append_results("rag-s0", [ANSWER, FAILURE])
    file = run.cell_file("rag-s0", ".partial.jsonl")
    whole = file.read_bytes()
    torn = whole.splitlines(keepends=True)[0]
    file.write_bytes(whole + torn[: min(cut, len(torn) - 1)])
    assert run.partial_results("rag-s0") == [ANSWER, FAILURE]
    assert file.read_bytes() == whole
    run.append_results("rag-s0", [FAILURE])
    assert run.partial_results("rag-s0") == [ANSWER, FAILURE, FAILURE]


def test_a_process_killed_while_it_appends_leaves_answers_that_can_be_read(run):
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from harness.store import Run
from harness.types import Answer
run = Run(Path({str(run.folder)!r}))
for n in range(10**9):
    run.append_results("rag-s0", [Answer(f"q{{n}}", "x" * 5000) for _ in range(4)])
    print(n, flush=True)
"""
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        said = int(worker.stdout.readline())
    worker.kill()
    worker.wait()
    worker.stdout.close()
    found = run.partial_results("rag-s0")
    assert len(found) >= 4 * (said + 1)
    assert all(answer.text == "x" * 5000 for answer in found)


def test_events_are_read_from_an_offset_on_and_an_unfinished_line_waits(run):
    assert run.events() == ([], 0)
    run.say("started", "", "rag-s0")
    run.say("doing", "Training", "rag-s0", {"step": 3, "loss": 0.5})
    events, offset = run.events()
    assert [(e.kind, e.cell, e.message, e.figures) for e in events] == [
        ("started", "rag-s0", "", {}),
        ("doing", "rag-s0", "Training", {"step": 3, "loss": 0.5}),
    ]
    file = run.folder / "events.jsonl"
    run.say("finished", "", "rag-s0")
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    assert run.events(offset) == ([], offset)
    file.write_bytes(whole)
    assert [e.kind for e in run.events(offset)[0]] == ["finished"]


def test_an_event_cut_off_by_a_full_disk_does_not_hide_those_after_it(run):
    run.say("started", "", "rag-s0")
    file = run.folder / "events.jsonl"
    file.write_bytes(file.read_bytes() + b'{"at":"2026')
    run.say("failed", "no space", "rag-s0")
    run.say("started", "again", "rag-s0")
    assert [e.message for e in run.events()[0]] == ["", "again"]


# Full disk

FULL = """
import resource, sys
sys.path.insert(0, {root!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from pathlib import Path
from harness.disk import write_json, write_lines
from harness.errors import JobError
from harness.store import Run
from harness.types import Answer
run = Run(Path({folder!r}))
long = "x" * 9000
for work in (
    lambda: write_json(run.folder / "scores.json", long),
    lambda: write_lines(run.folder / "data" / "big.jsonl", [long]),
    lambda: run.append_results("rag-s0", [Answer("h2", long)]),
    lambda: run.say("doing", long),
):
    try:
        work()
    except JobError as error:
        print(error.problems[0], "|", error.problems[0].fix)
    else:
        print("no error")
"""


def test_a_full_disk_is_a_job_error_with_a_way_out_and_the_old_files_stay(run):
    write_json(run.folder / "scores.json", "old")
    run.append_results("rag-s0", [ANSWER])
    run.say("started")
    script = FULL.format(root=str(ROOT), folder=str(run.folder))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    for line, file in zip(
        lines, ("scores.json", "big.jsonl", "rag-s0.partial.jsonl", "events.jsonl"), strict=True
    ):
        assert f"{file}: cannot write (File too large)" in line
        assert "free disk space" in line
    assert json.loads((run.folder / "scores.json").read_bytes()) == "old"
    assert run.partial_results("rag-s0") == [ANSWER]
    assert [event.kind for event in run.events()[0]] == ["started"]
    assert not [path for path in run.folder.iterdir() if path.name.endswith(".tmp")]


def test_a_folder_that_is_a_file_is_a_job_error(tmp_path):
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(JobError) as raised:
        Run(tmp_path / "runs" / "first").create(plan(), TASK)
    assert raised.value.exit_code == 1
    assert "cannot write" in raised.value.problems[0].message


# Damage


def problem_of(work):
    with pytest.raises(UserError) as raised:
        work()
    (problem,) = raised.value.problems
    assert problem.fix
    return problem


def test_a_folder_without_a_run_says_how_to_list_runs(tmp_path):
    problem = problem_of(Run(tmp_path / "runs" / "none").plan)
    assert str(problem).endswith("none: there is no run here")
    assert "rungwise runs" in problem.fix


@pytest.mark.parametrize("found", [SCHEMA + 1, 0, None, "1"])
def test_another_schema_is_refused_before_anything_is_read_into_it(run, found):
    file = run.folder / "run.json"
    file.write_text(json.dumps({"schema": found, "other": "fields"}), encoding="utf-8")
    problem = problem_of(run.plan)
    assert problem.message == f"the run has schema {found}, this version reads {SCHEMA}"
    assert problem.where == str(file)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff\xfe", b'{"schema": 1}'])
def test_a_damaged_plan_is_named_with_a_fix(run, content):
    (run.folder / "run.json").write_bytes(content)
    problem = problem_of(run.plan)
    assert problem.message.startswith("damaged (")
    assert problem.where.endswith("run.json")


def test_damaged_data_cells_and_answers_are_named_with_their_file(run):
    data = run.folder / "data"
    (data / "train.jsonl").write_bytes(b'{"id": "t1"}\n')
    (data / "queries.jsonl").write_bytes(b"nonsense\n")
    run.append_results("rag-s0", [ANSWER])
    partial = run.cell_file("rag-s0", ".partial.jsonl")
    partial.write_bytes(b"garbage\n" + partial.read_bytes())
    run.cell_file("rag-s0").write_bytes(b'{"cell": 5}')
    for work, name in (
        (run.view, "train.jsonl"),
        (run.queries, "queries.jsonl"),
        (lambda: run.partial_results("rag-s0"), "rag-s0.partial.jsonl"),
        (lambda: run.cell("rag-s0"), "rag-s0.json"),
    ):
        problem = problem_of(work)
        assert problem.message.startswith("damaged (")
        assert problem.where.endswith(name)
