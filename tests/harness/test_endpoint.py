"""The client of OpenAI-compatible servers, against a real server on this machine."""

import urllib.error

import pytest

from harness.errors import RunError
from harness.generators.base import Completion, Refusal
from harness.generators.endpoint import EndpointGenerator
from harness.prompts import Prompt
from harness.token_estimate import at_most
from tests.harness.chat_server import chat_server

PROMPT = Prompt("Answer.", (), "What?")
MESSAGES = PROMPT.messages()


def unsupported(name: str, words: str) -> dict:
    """The body with which OpenAI refuses a parameter."""
    return {
        "error": {
            "message": f"Unsupported {words}",
            "type": "invalid_request_error",
            "param": name,
            "code": "unsupported_parameter" if name == "max_tokens" else "unsupported_value",
        }
    }


NO_LIMIT = unsupported(
    "max_tokens",
    "parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
    "instead.",
)
NO_ZERO = unsupported(
    "temperature",
    "value: 'temperature' does not support 0 with this model. Only the default (1) value is "
    "supported.",
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    """Whoever runs the tests may have keys."""
    for name in ("RUNGWISE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


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
    monkeypatch.setenv("RUNGWISE_API_KEY", "secret")
    with chat_server(status=302) as server, pytest.raises(urllib.error.HTTPError, match="302"):
        EndpointGenerator(server.endpoint).ask(MESSAGES, 20)
    assert len(server.requests) == 1, "nobody came to the other address"


# What a model does not take


@pytest.mark.parametrize(
    ("not_taken", "sent", "manner"),
    [
        ({"max_tokens": NO_LIMIT, "temperature": NO_ZERO}, {"max_completion_tokens"},
         "max_completion_tokens for max_tokens, no temperature"),
        ({"max_tokens": NO_LIMIT}, {"max_completion_tokens", "temperature"},
         "max_completion_tokens for max_tokens"),
        ({"temperature": {"error": "temperature is deprecated for this model"}}, {"max_tokens"},
         "no temperature"),
        ({"temperature": {"detail": "models of this series don't support temperature=0"}},
         {"max_tokens"}, "no temperature"),
    ],
)  # fmt: skip
def test_what_a_model_refuses_is_left_out_from_then_on_and_nothing_else(not_taken, sent, manner):
    with chat_server(lambda asked: "Here.") as server:
        server.not_taken = not_taken
        client = EndpointGenerator(server.endpoint)
        assert client.manner == ""
        first, second = client.complete([PROMPT, PROMPT], 20)
    assert (first.text, second.text) == ("Here.", "Here.")
    assert len(server.requests) == 2 + len(not_taken), "once each, then remembered"
    for request in server.requests[-2:]:
        assert request.keys() - {"model", "messages"} == sent
        assert 20 in request.values(), "the limit stays"
    assert client.manner == manner


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"message": "max_tokens is too large: 100000. This model supports at most 16384 "
                   "completion tokens.", "param": "max_tokens", "code": "invalid_value"}},
        {"message": "'max_tokens' or 'max_completion_tokens' is too large: 900.", "param": None},
        {"error": {"message": "The temperature of the bath is not supported.", "param": "messages",
                   "code": "invalid_value"}},
    ],
)  # fmt: skip
def test_a_refusal_for_another_reason_changes_nothing(said):
    with chat_server(status=400) as server:
        server.says = said
        client = EndpointGenerator(server.endpoint)
        (found,) = client.complete([PROMPT], 20)
    assert isinstance(found, Refusal) and len(server.requests) == 1 and client.manner == ""


def test_a_model_that_refuses_again_what_it_is_not_sent_is_not_asked_for_ever():
    with chat_server(status=400) as server:
        server.says = NO_LIMIT
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert isinstance(found, Refusal) and len(server.requests) == 2


def test_a_limit_that_is_spent_before_a_word_came_is_a_failure_that_says_so():
    with chat_server(lambda asked: "", ends="length") as server:
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert isinstance(found, Refusal)
    assert "limit of 20 tokens" in found.message and "raise answer_tokens" in found.message
    with chat_server(lambda asked: "", ends="stop") as server:
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert found.text == "", "an empty answer is one"


# What a server says


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"message": "The prompt has 9,000 tokens."}},
        {"object": "error", "message": "The prompt has 9,000 tokens.", "code": 400},
        {"error": "The prompt has 9,000 tokens."},
        {"detail": [{"msg": "The prompt has 9,000 tokens.", "input": "private"}]},
        [{"error": {"code": 400, "message": "The prompt has\n\x1b[31m 9,000\ttokens."}}],
        "The prompt has 9,000 tokens.",
    ],
)
def test_a_refusal_is_told_in_the_servers_words_on_one_line(said):
    with chat_server(status=400) as server:
        server.says = said
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert found.kind == "endpoint"
    plain = found.message.replace("[31m ", "")
    assert plain == "ServerRefusal: HTTP Error 400: Bad Request: The prompt has 9,000 tokens."


@pytest.mark.parametrize("said", ["<html><body>nginx</body></html>", "", [], {"error": None}, 7])
def test_a_server_that_says_nothing_of_use_is_told_by_its_status(said):
    with chat_server(status=400) as server:
        server.says = said
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert found.message == "ServerRefusal: HTTP Error 400: Bad Request"


def test_the_servers_words_are_shortened_and_never_hold_the_key(monkeypatch):
    monkeypatch.setenv("RUNGWISE_API_KEY", "sk-secret")
    with chat_server(status=400) as server:
        server.says = {"error": {"message": "The key sk-secret was " + "sent " * 900}}
        (found,) = EndpointGenerator(server.endpoint).complete([PROMPT], 20)
    assert "The key … was sent" in found.message and "secret" not in found.message
    assert len(found.message) < 300 and found.message.endswith("…")


# Keys


def test_the_key_is_the_one_of_the_variable_that_is_named(monkeypatch):
    monkeypatch.setenv("RUNGWISE_API_KEY", "of the model")
    monkeypatch.setenv("OTHER_KEY", "of the judge\n")
    with chat_server(lambda asked: "Here.") as server:
        EndpointGenerator(server.endpoint).ask(MESSAGES, 20)
        EndpointGenerator(server.endpoint, key="OTHER_KEY").ask(MESSAGES, 20)
        EndpointGenerator(server.endpoint, key="NO_KEY").ask(MESSAGES, 20)
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == ["Bearer of the model", "Bearer of the judge", None]


def test_the_key_for_openai_goes_to_openai_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "for openai")
    with chat_server(lambda asked: "Here.") as server:
        EndpointGenerator(server.endpoint).ask(MESSAGES, 20)
    assert "Authorization" not in server.headers[0]
    own, theirs = ("RUNGWISE_API_KEY",), ("RUNGWISE_API_KEY", "OPENAI_API_KEY")
    for address, keys in {
        "https://api.openai.com/v1": theirs,
        "https://API.OpenAI.com:443/v1": theirs,
        "http://api.openai.com/v1": own,  # anybody could read it on its way
        "https://api.openai.com@far.example/v1": own,
        "https://api.openai.com.far.example/v1": own,
        "https://far.example/api.openai.com": own,
    }.items():
        assert EndpointGenerator(f"openai:{address}#m").keys == keys
    judge = EndpointGenerator("openai:https://api.openai.com/v1#m", key="OTHER_KEY")
    assert judge.keys == ("OTHER_KEY",)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_the_asking_and_the_fix_names_the_variable(status, monkeypatch):
    with chat_server(status=status) as server:
        server.says = {"error": {"message": "No such key."}}
        client = EndpointGenerator(server.endpoint)

        def refused():
            with pytest.raises(RunError) as raised:
                list(client.complete([PROMPT, PROMPT], 20))
            (problem,) = raised.value.problems
            assert f"HTTP Error {status}" in problem.message and "No such key." in problem.message
            assert problem.where == f"http://{server.host}/v1"
            return problem.fix

        assert refused() == "put its key into RUNGWISE_API_KEY"
        monkeypatch.setenv("OPENAI_API_KEY", "for openai")
        assert refused() == (
            "put its key into RUNGWISE_API_KEY; the one in OPENAI_API_KEY goes to "
            "https://api.openai.com alone"
        )
        monkeypatch.setenv("RUNGWISE_API_KEY", "wrong")
        assert refused().startswith("see that the key in RUNGWISE_API_KEY is one for this address")
    assert len(server.requests) == 3, "one question each time"


@pytest.mark.parametrize(
    ("status", "said"), [(402, {}), (429, {"error": {"code": "insufficient_quota"}})]
)
def test_an_account_with_nothing_left_ends_the_asking_at_once(status, said):
    with chat_server(status=status) as server:
        server.says = said
        with pytest.raises(RunError) as raised:
            list(EndpointGenerator(server.endpoint).complete([PROMPT, PROMPT], 20))
    assert "account" in raised.value.problems[0].fix and len(server.requests) == 1


# Tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # of SmolLM2's vocabulary, which was made for English
        ("The parcel was delivered yesterday, but the box was damaged.", 12),
        ("Посылку доставили вчера, но коробка была повреждена.", 38),
        ("החבילה נמסרה אתמול, אבל הקופסה הייתה פגומה ואחת המנורות חסרה.", 64),
        ("พัสดุถูกส่งเมื่อวานนี้ แต่กล่องเสียหายและโคมไฟหายไปหนึ่งดวง", 114),
        ("包裹昨天已送达，但箱子损坏了，其中一盏灯不见了。", 41),
        ("荷物は昨日届きましたが、箱が破損していて、ランプが一つ足りません。", 61),
    ],
)
def test_the_limit_of_an_answer_is_not_below_its_tokens_in_any_common_script(text, tokens):
    bound = at_most(text)
    assert tokens <= bound + bound // 4 + 8


def test_tokens_are_estimated_by_letters_of_ascii_and_by_bytes_beyond():
    client = EndpointGenerator("openai:http://127.0.0.1:1/v1#m")
    assert client.count_tokens("abcd" * 10) == 10
    assert client.count_tokens("灯" * 10) == 10 and client.count_tokens("") == 1
