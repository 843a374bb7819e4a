"""The client of OpenAI-compatible servers, against a real server on this machine."""

import urllib.error

import pytest

from harness.generators.base import Completion, Refusal
from harness.generators.endpoint import EndpointGenerator
from harness.prompts import Prompt
from tests.harness.chat_server import chat_server

PROMPT = Prompt("Answer.", (), "What?")
MESSAGES = PROMPT.messages()


def test_an_answer_comes_with_its_tokens():
    with chat_server(lambda asked: "Here. ") as server:
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert found == Completion(0, "Here.", 9, 9, False)
    assert server.requests[0]["model"] == "judge-model" and server.requests[0]["temperature"] == 0


def test_a_server_that_asks_for_a_pause_is_asked_again_more_often_than_one_that_fails():
    with chat_server(lambda asked: "Here.", busy=4) as server:
        assert EndpointGenerator(server.endpoint).ask(MESSAGES, 20).text == "Here."
    assert len(server.requests) == 5
    with chat_server(status=400) as server:
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert isinstance(found, Refusal) and len(server.requests) == 1


def test_a_server_that_sends_elsewhere_is_not_followed_so_that_no_key_goes_along(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with chat_server(status=302) as server, pytest.raises(urllib.error.HTTPError, match="302"):
        EndpointGenerator(server.endpoint).ask(MESSAGES, 20)
    assert len(server.requests) == 1, "nobody came to the other address"


def test_the_key_is_the_one_of_the_variable_that_is_named(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "of the model")
    monkeypatch.setenv("OTHER_KEY", "of the judge")
    with chat_server(lambda asked: "Here.") as server:
        EndpointGenerator(server.endpoint).ask(MESSAGES, 20)
        EndpointGenerator(server.endpoint, key="OTHER_KEY").ask(MESSAGES, 20)
        EndpointGenerator(server.endpoint, key="NO_KEY").ask(MESSAGES, 20)
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == ["Bearer of the model", "Bearer of the judge", None]
