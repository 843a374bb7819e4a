"""A check of a model at an endpoint: what is recorded of how it was asked, and what ends it."""

import dataclasses

import pytest

from harness.cell import run_cell
from harness.errors import RunError
from harness.store import Run
from harness.watch import Watch
from tests.advisor.report_runs import start
from tests.command import here, said
from tests.conftest import write_label_project
from tests.harness.chat_server import ChatServer, chat_server
from tests.harness.test_endpoint import NO_LIMIT, NO_ZERO
from tests.harness.test_runner import TASK

CELLS = ["prompt-s0", "rag-s0"]


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    """Whoever runs the tests may have keys."""
    for name in ("RUNGWISE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def run_on(folder, server: ChatServer) -> Run:
    run = start(folder / "runs" / "first", TASK, CELLS)
    run.create(dataclasses.replace(run.plan(), generator=server.endpoint), TASK)
    return run


def test_a_cell_keeps_how_its_model_was_asked(tmp_path):
    with chat_server(lambda asked: "login") as server:
        run = run_on(tmp_path, server)
        server.not_taken = {"max_tokens": NO_LIMIT, "temperature": NO_ZERO}
        run_cell(run, "prompt-s0")
    done = run.cell("prompt-s0")
    assert {answer.text for answer in done.answers} == {"login"} and not done.failures
    assert done.manner == "max_completion_tokens for max_tokens, no temperature"
    with chat_server(lambda asked: "login") as server:
        usual = run_on(tmp_path / "other", server)
        run_cell(usual, "prompt-s0")
    assert usual.cell("prompt-s0").manner == ""


def test_a_failure_that_every_cell_would_meet_ends_the_run_with_its_own_fix(tmp_path):
    with chat_server(status=401) as server:
        run = run_on(tmp_path, server)
        seen = []
        watch = Watch(run, seen.append, "go on")
        run.say("failed", "the server refuses", "prompt-s0", {"fix": "a key", "ends_run": True})
        with pytest.raises(RunError, match="the server refuses") as raised:
            watch()
    assert raised.value.problems[0].fix == "a key" and len(seen) == 1
    run.say("failed", "something else", "rag-s0", {"fix": "mend it"})
    watch()


def test_a_refused_key_is_one_error_with_its_variable_and_one_request(tmp_path):
    with chat_server(status=401) as server:
        server.says = {"error": {"message": "You did not provide a key."}}
        root = write_label_project(tmp_path / "p", tmp_path, ["prompt", "few_shot"])
        done = here("check", root, "--model", server.endpoint)
        ((error, fix),) = said(done).items()
    assert done.returncode == 1 and "You did not provide a key." in error
    assert error.startswith(f"http://{server.host}/v1: the model's server refuses")
    assert fix == "put its key into RUNGWISE_API_KEY"
    assert len(server.requests) == 1, "neither for each question nor for each rung"
