"""What the answers pointed to is fixed when a check begins, before there is any evidence."""

import dataclasses

import pytest

from advisor import workflow
from advisor.project import open_project
from advisor.track_record import track_record
from harness.cell import parse_cell
from harness.store import Run
from harness.types import Answer
from tests.advisor.page_project import make_project
from tests.advisor.report_runs import put

ENDPOINT = "openai:http://127.0.0.1:9/v1#none"
"""No model is needed to plan."""
TO_RAG = {"main_failure": "facts", "knowledge": "private", "citations": "must"}
TO_PROMPT = {"knowledge": "general"}


@pytest.fixture
def project(tmp_path):
    return open_project(make_project(tmp_path / "project"))


def begun(project, answers=None) -> Run:
    if answers:
        workflow.save_answers(project, answers)
    settings = dataclasses.replace(
        project.settings(), generator=ENDPOINT, embedder=ENDPOINT, rungs=("prompt", "few_shot")
    )
    return workflow.start_run(project, "first", settings=settings)


def answered(run: Run) -> Run:
    """Every cell finished: the prompt is right in half of all cases, examples nearly always."""
    for cell in run.plan().cells:
        rung, seed = parse_cell(cell)
        every = {"prompt": 2, "few_shot": 1}.get(rung, 10)
        answers = [
            Answer(one.id, one.references[0] if i % every == 0 else "Nobody knows.")
            for i, one in enumerate(run.heldout())
        ]
        put(run, rung, seed, answers)
    return run


def verdict_of(project, run: Run):
    return workflow.verdict_of(workflow.check(project, run))


def test_answers_that_change_while_a_check_runs_do_not_change_what_was_expected(project):
    run = answered(begun(project, TO_PROMPT))
    expected = workflow.prior_of(run)
    workflow.save_answers(project, TO_RAG)
    found = verdict_of(project, run)
    assert found.prior == expected.aim == workflow.prior_of(run).aim != "rag"


def test_answers_changed_after_the_result_turn_nothing_round(project):
    run = answered(begun(project, TO_RAG))
    before = verdict_of(project, run)
    assert before.prior == "rag" and before.agreement is None, "retrieval was not measured"
    workflow.save_answers(project, {"knowledge": "general", "main_failure": "form"})
    again = verdict_of(project, workflow.start_run(project, "first"))
    assert again == before
    assert track_record([run]).confirmed == 0


def test_a_check_begun_without_answers_has_no_prior_though_answers_come_later(project):
    run = answered(begun(project))
    found = verdict_of(project, run)
    assert (found.prior, found.agreement) == (None, None)
    assert found.prior_sentence == (
        "No questionnaire was filled in before this check began, so there is no expectation to "
        "compare with."
    )
    workflow.save_answers(project, TO_RAG)
    again = verdict_of(project, workflow.start_run(project, "first"))
    assert (again.prior, again.agreement) == (None, None)
    assert again.prior_sentence.endswith(
        " The answers that are there now came after it began and do not count."
    )
    assert workflow.prior_of(run) is None and track_record([run]).compared == 0


def test_a_run_that_an_older_version_began_takes_the_answers_it_is_gone_on_with(project):
    run = begun(project, TO_RAG)
    (run.folder / "prior.json").unlink()
    workflow.start_run(project, "first")
    assert workflow.prior_of(run).aim == "rag"
    workflow.save_answers(project, TO_PROMPT)
    assert verdict_of(project, answered(run)).prior == "rag"


def test_a_run_that_an_older_version_finished_keeps_what_it_had(project):
    run = answered(begun(project, TO_RAG))
    assert verdict_of(project, run).prior == "rag"
    (run.folder / "prior.json").unlink()  # as if it had been finished without answers
    assert verdict_of(project, workflow.start_run(project, "first")).prior is None
