"""Sections [retrieval], [prompt] and [decoding]: what the user decides in the place of dev."""

import dataclasses

import pytest

from advisor import workflow
from advisor.new_project import create_project
from advisor.project import open_project, read_project
from advisor.settings_file import change
from harness.given import DecodingSettings, Given, PromptSettings, RetrievalSettings
from harness.reopen import workbench_of
from harness.runner import make_plan
from harness.settings import settings_problems
from harness.store import Run
from harness.work import Amounts, asking
from tests.conftest import write_label_project
from tests.harness.rung_bench import page
from tuning.recipe import TuningSettings

WANTED = Given(
    RetrievalSettings("rrf", 3, 120, context_tokens=400), PromptSettings(5),
    DecodingSettings("always", 900),
)  # fmt: skip
TEXT = """
[retrieval]
retriever = "rrf"
passages = 3
passage_words = 120
context_tokens = 400
[prompt]
examples = 5
[decoding]
constrained = "always"
answer_tokens = 900
"""


def write(project, text):
    with (project / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write(f"\n{text}\n")
    return project


def test_what_is_written_is_in_the_plan_of_a_check(label_project):
    project = open_project(write(label_project, TEXT))
    assert project.settings().given == WANTED
    task = workflow.load(project).task
    assert make_plan(project.root, "r", task, project.settings()).given == WANTED


def test_as_many_questions_are_timed_and_foretold_as_the_project_says(label_project):
    project = change(label_project, {("check", "timed"): 20})
    task = workflow.load(project).task
    run = Run(project.root / "runs" / "r")
    run.create(make_plan(project.root, "r", task, project.settings()), task)
    assert workbench_of(run, run.view(), "prompt-s0", 0, lambda *said: None).timed_queries == 20
    amounts = Amounts(1, 1, 60, 10.0, 5.0, 8, 0.0, 10.0)
    more = dataclasses.replace(amounts, timed=20)
    assert asking(more, 10.0).writes_alone == 20 * 8 and asking(amounts, 10.0).writes_alone == 6 * 8


def test_without_these_sections_nothing_is_decided(label_project):
    assert open_project(label_project).settings().given == Given()


def test_a_run_goes_on_with_what_it_was_started_with_and_a_new_run_takes_the_new_settings(
    tmp_path, tiny_model
):
    root = write_label_project(tmp_path / "p", tiny_model, ["few_shot"])
    first = workflow.start_run(open_project(write(root, "[prompt]\nexamples = 1")), "first")
    changed = change(root, {("prompt", "examples"): 2})
    assert workflow.start_run(changed, "first").plan().given.prompt.examples == 1
    second = workflow.start_run(changed, "second")
    assert second.plan().given.prompt.examples == 2
    counts = []
    for run in (first, second):
        found = workflow.check(changed, run).rungs["few_shot"]
        counts.append(found.settings["demonstrations"])
        assert found.effort["set_by_user"] == ["demonstrations"]
    assert counts == [1, 2]


@pytest.mark.parametrize(
    ("section", "line", "error", "fix"),
    [
        ("retrieval", 'retriever = "bm52"', "there is no retriever 'bm52'", "hybrid, dense, bm25"),
        ("retrieval", "retriever = 3", "retriever cannot be 3", "a text in quotes"),
        ("retrieval", "passages = -1", "passages must be from 1 to 50", "write passages = 3"),
        ("retrieval", "passages = 99", "passages must be from 1 to 50", "write passages = 3"),
        ("retrieval", "passages = 2.5", "passages cannot be 2.5", "write passages = 3"),
        ("retrieval", "passage_words = 3", "must be from 10 to 1000", "passage_words = 80"),
        ("retrieval", "context_tokens = 3", "must be 50 or more, or 0", "context_tokens = 400"),
        ("retrieval", "context_tokens = -1", "must be 50 or more, or 0", "context_tokens = 400"),
        ("retrieval", "pasages = 3", "there is no key 'pasages'", "did you mean passages?"),
        ("prompt", "examples = -2", "examples must be from 1 to 50", "write examples = 3"),
        ("decoding", 'constrained = "yes"', "constrained cannot be 'yes'", "dev, always, never"),
        ("decoding", "answer_tokens = -1", "must be 1 or more, or 0", "answer_tokens = 900"),
        ("decoding", 'answer_tokens = "all"', "answer_tokens cannot be", "answer_tokens = 900"),
    ],
)
def test_what_cannot_be_is_an_error_with_what_to_write(label_project, section, line, error, fix):
    (problem,) = read_project(write(label_project, f"[{section}]\n{line}")).problems
    assert error in problem.message and fix in problem.fix
    assert problem.where == f"rungwise.toml, [{section}]"


def test_free_text_and_an_endpoint_cannot_be_held_to_allowed_answers(label_project):
    write(label_project, '[decoding]\nconstrained = "always"')
    project = open_project(label_project)
    elsewhere = dataclasses.replace(project.settings(), generator="openai:http://127.0.0.1:1/v1#m")
    (problem,) = settings_problems(project.root, elsewhere, "", "label")
    assert "an endpoint's answers cannot be held" in problem.message
    file = label_project / "rungwise.toml"
    file.write_text(file.read_text().replace('"label"', '"answer"', 1))
    (problem,) = read_project(label_project).problems
    assert "nothing to hold answers to" in problem.message and "remove constrained" in problem.fix


def test_a_new_project_says_each_setting_with_its_meaning_and_decides_none(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.md").write_text(page(0).text, encoding="utf-8")
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "question,answer\n"
        + "\n".join(f"How long is leg {i}?,It takes {i} days." for i in range(9))
    )
    create_project(tmp_path / "p", [rows, folder])
    said = (tmp_path / "p" / "rungwise.toml").read_text(encoding="utf-8")
    for line in ('# retriever = "hybrid"   # hybrid | dense | bm25 | rrf', "# passages = 3",
                 "# passage_words = 80", "# context_tokens = 400", "# examples = 3",
                 "# answer_tokens = 900",
                 "# an endpoint's key, if any, stands in the variable RUNGWISE_API_KEY",
                 "# (OPENAI_API_KEY is used for https://api.openai.com alone)",
                 "its key, if any: RUNGWISE_PROPOSER_API_KEY",
                 "its key, if any: RUNGWISE_JUDGE_API_KEY",
                 '# method = "lora"   # lora | qlora | full'):  # fmt: skip
        assert line in said
    assert "# constrained" not in said, "free text has no allowed answers"
    project = open_project(tmp_path / "p")
    assert project.settings().given == Given()
    assert project.settings().tuning == TuningSettings()
    taken = change(project.root, {("retrieval", "retriever"): "bm25"})
    assert taken.settings().given.retrieval.retriever == "bm25"
