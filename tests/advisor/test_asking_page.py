"""rungwise answer, and the tab in which a question is put to every rung."""

import dataclasses
import json
import shutil

import pytest

from harness.asking import Given, Tried, asked_at
from harness.disk import write_json
from harness.store import Run
from harness.types import Context
from tests.advisor.page_project import make_project, make_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.command import here, refused

HOSTILE = "<script>alert(1)</script>"
TRIED = Tried(
    "first",
    "2026-01-02T03:04:05.678+00:00",
    f"How long? {HOSTILE}",
    (
        Given("prompt", "Prompt", f"Three days. {HOSTILE}", "", (), (), 1.5),
        Given("rag", "Retrieval", "Two\x1b[2J weeks", "", ("a.md", "<b>b</b>.md"), ("a.md",), 0.5),
        Given("finetune", "Fine-tuning", "", "its adapter is gone", (), (), 0.1),
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(make_project(tmp_path_factory.mktemp("ask") / "desk"))


@pytest.fixture
def run(made, tmp_path) -> Run:
    root = shutil.copytree(made.folder.parents[1], tmp_path / "projects" / "desk")
    return Run(root / "runs" / made.name)


def test_the_verb_prints_every_answer_with_its_sources_and_steers_no_terminal(run, monkeypatch):
    monkeypatch.setattr("advisor.verbs.answer.ask_rungs", lambda *given: TRIED)
    done = here("answer", run.folder, "How long?")
    assert done.returncode == 1, "one rung gave no answer"
    assert "Prompt (1.5 s):\n  Three days." in done.stdout
    assert "shown: a.md, <b>b</b>.md" in done.stdout and "\x1b" not in done.stdout
    assert "no answer: its adapter is gone" in done.stdout
    assert len(json.loads(here("answer", run.folder, "x", "--json").stdout)["given"]) == 3


def test_each_passage_is_named_with_its_page_and_its_characters(run, monkeypatch):
    passages = (Context("a.pdf", "x", 0.9, "A", 3, 120, 480, ("b.md",)), Context("c.md", "y", 0.5))
    given = Given("rag", "Retrieval", "Two.", "", ("a.pdf", "c.md"), (), 0.5, passages)
    tried = dataclasses.replace(TRIED, given=(given,))
    monkeypatch.setattr("advisor.verbs.answer.ask_rungs", lambda *given: tried)
    said = here("answer", run.folder, "How long?").stdout
    wanted = "shown: a.pdf, page 3, characters 121–480; also in b.md"
    assert f"  {wanted}\n  shown: c.md\n" in said
    first = json.loads(here("answer", run.folder, "x", "--json").stdout)["given"][0]["passages"][0]
    assert (first["page"], first["start"], first["end"]) == (3, 120, 480)
    write_json(asked_at(run).folder / "last.json", tried)
    assert wanted in words(tab(run))


def test_the_verb_wants_one_question(run, tmp_path):
    assert "give one question" in next(iter(refused(here("answer", run.folder))))
    file = tmp_path / "q.txt"
    file.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in next(iter(refused(here("answer", run.folder, "--from", file))))
    both = here("answer", run.folder, "x", "--from", file)
    assert "give one question" in next(iter(refused(both)))


def tab(run):
    at = page("compare", run.folder.parents[1], run.name)
    at.session_state["compare_tab"] = "Ask them"
    return shown(at.run())


def test_the_page_asks_in_a_process_of_its_own_and_the_question_is_not_in_its_command(
    run, monkeypatch
):
    started = []

    class Popen:
        def __init__(self, command, **more):
            started.append((command, more["start_new_session"]))

    monkeypatch.setattr("advisor.background.subprocess.Popen", Popen)
    at = tab(run)
    at.text_area(key="asking_question").set_value("A secret?")
    at.button[-1].click()
    at = shown(at.run())
    command, apart = started[0]
    assert command[-4:-1] == ["answer", str(run.folder), "--from"] and apart
    assert "A secret?" not in command
    assert (asked_at(run).folder / "question.txt").read_text(encoding="utf-8") == "A secret?"
    assert "Asking:" in words(at)


def test_the_page_shows_answers_and_questions_as_text(run):
    write_json(asked_at(run).folder / "last.json", TRIED)
    at = tab(run)
    assert "Three days." in words(at) and "No answer: its adapter is gone" in words(at)
    assert "<script" not in words(at) and "&lt;script&gt;" in words(at)
    assert "&lt;b&gt;b&lt;/b&gt;.md" in words(at)
