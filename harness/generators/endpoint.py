"""Any OpenAI-compatible server that the user names, for instance one on this machine.

A small client on the standard library: one route, JSON in and out, a time limit, a few retries. It
follows no redirection: what is sent goes to the address that was named, and so does the key.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from harness.errors import Problem, RunError, UserError
from harness.generators.base import Completion, Refusal
from harness.generators.refusals import ServerRefusal
from harness.prompts import Prompt
from harness.token_estimate import about

PREFIX = "openai:"
CONTEXT_TOKENS = 8192
"""Assumed: the server does not say how many its model takes."""
RETRIES = 3
PATIENCE = 6
"""Tries where the server asks for a pause (status 429)."""
LONGEST_PAUSE_S = 60.0
TIMEOUT_S = 120.0
KEY = "RUNGWISE_API_KEY"
"""Variable with the key of the endpoint that [model] names."""
OPENAI_KEY, OPENAI = "OPENAI_API_KEY", ("https", "api.openai.com")
"""Who has that variable has it for OpenAI: it stands in for the model's own there, and goes to no
other address."""
MAX_RESPONSE_BYTES = 4 * 2**20
BUSY = (429, 500, 502, 503, 504)
UNREACHABLE = (OSError, http.client.HTTPException)
"""No server, no connection, no answer in time, or not HTTP; `URLError` is an `OSError`."""
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""A reply that is not what the route promises."""
NO_TEMPERATURE = "no temperature"
"""In an endpoint's manner: its model does not take any, so its answers are not greedy."""
ANOTHER_LIMIT = "max_completion_tokens"
"""Likewise: its limit counts what a model thinks before it answers."""

HERE = ("127.0.0.1", "localhost", "::1")
"""Hosts that are this machine."""


def address_of(name: str) -> SplitResult | None:
    """The parts of an endpoint's address; None where it is none."""
    try:
        found = urlsplit(name.removeprefix(PREFIX).partition("#")[0])
        _ = found.port  # the one part that is looked at only when it is read
    except ValueError:
        return None
    return found


def is_endpoint(name: str) -> bool:
    """Whether a name is an address with a model: ``openai:http://127.0.0.1:8000/v1#model``."""
    parts, model = address_of(name), name.partition("#")[2]
    return parts is not None and parts.scheme in ("http", "https") and bool(model)


class SpentLimitError(ValueError):
    """The limit was reached before a word came."""


class EndpointGenerator:
    """``openai:http://127.0.0.1:8000/v1#model``; the key, if any, is in ``RUNGWISE_API_KEY``.

    A model that refuses a parameter is asked without it from then on: see `manner`.

    Args:
        name: address and model.
        key: variable of the environment that holds the key; at OpenAI's own address the model's may
            also be in ``OPENAI_API_KEY``.
        timeout_s: seconds to wait for one reply.

    Raises:
        UserError: it is not an endpoint.
    """

    path = "endpoint"
    revision = "not known: the server decides"

    def __init__(self, name: str, *, key: str = KEY, timeout_s: float = TIMEOUT_S) -> None:
        address, _, model = name.removeprefix(PREFIX).partition("#")
        parts = address_of(name)
        if parts is None or not is_endpoint(name):
            raise UserError(
                Problem(
                    f"{name!r} is not an endpoint",
                    "write openai:http://host:port/v1#model-name",
                    "[model] generator",
                )
            )
        self.name, self.model, self.timeout_s = name, model, timeout_s
        at_openai = (parts.scheme, parts.hostname) == OPENAI
        self.keys = (key, OPENAI_KEY) if key == KEY and at_openai else (key,)
        """Variables that may hold the key; the first one that does counts."""
        self.address = address.rstrip("/")
        self.url = f"{self.address}/chat/completions"
        self._not_taken: set[str] = set()
        self.context_length = CONTEXT_TOKENS
        # a proxy of the environment would get what is meant for this machine
        direct = [urllib.request.ProxyHandler({})] if parts.hostname in HERE else []
        self._opener = urllib.request.build_opener(_Stay, *direct)

    def complete(
        self, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> Iterator[Completion | Refusal]:
        """One request a prompt; a server that does not answer gives a `Refusal`, not an end.

        Raises:
            RunError: it refuses the key, or the account: it would refuse every other question too.
        """
        for row, prompt in enumerate(prompts):
            try:
                yield self.ask(prompt.messages(), max_new_tokens, row)
            except (*UNREACHABLE, *MALFORMED) as err:
                if fix := self.way_out(err):
                    said = f"the model's server refuses ({err})"
                    raise RunError(Problem(said, fix, self.address)) from err
                hint = "; raise answer_tokens under [decoding] in rungwise.toml"
                more = hint if isinstance(err, SpentLimitError) else ""
                yield Refusal(row, "endpoint", f"{type(err).__name__}: {err}{more}")

    def ask(
        self, messages: Sequence[dict[str, str]], max_new_tokens: int, row: int = 0
    ) -> Completion:
        """One request, tried again while the server is busy, or without what its model refuses.

        Raises:
            OSError, HTTPException: one of `UNREACHABLE`: no reply came.
            ValueError and others: one of `MALFORMED`: it is not what the route promises.
        """
        while True:
            without = frozenset(self._not_taken)  # a judge is asked several questions at once
            try:
                reply = self._post(self._body(messages, max_new_tokens, without))
            except ServerRefusal as err:
                if err.not_taken <= without:
                    raise
                self._not_taken |= err.not_taken
            else:
                return self._completion(row, reply, max_new_tokens)

    @property
    def manner(self) -> str:
        """What its model refused, and how it is asked since; empty where it takes everything."""
        without = {"max_tokens": f"{ANOTHER_LIMIT} for max_tokens", "temperature": NO_TEMPERATURE}
        return ", ".join(words for name, words in without.items() if name in self._not_taken)

    def way_out(self, error: Exception) -> str:
        """What to do about a refusal that every question would meet; empty for other errors."""
        if not isinstance(error, ServerRefusal):
            return ""
        if error.is_for_the_account:
            return "see what the account there has left, or choose another endpoint"
        if not error.is_for_the_key:
            return ""
        if sent := self._key()[0]:
            return f"see that the key in {sent} is one for this address and may use {self.model}"
        fix = f"put its key into {' or '.join(self.keys)}"
        if KEY in self.keys and OPENAI_KEY not in self.keys and os.environ.get(OPENAI_KEY):
            fix += f"; the one in {OPENAI_KEY} goes to {'://'.join(OPENAI)} alone"
        return fix

    def count_tokens(self, text: str) -> int:
        """An estimate: the server's tokenizer is not known."""
        return max(1, about(text))

    def _key(self) -> tuple[str, str]:
        """The variable with a key, and the key; both empty without one."""
        for name in self.keys:
            # a line end that was copied along would be an error that quotes the key
            if key := os.environ.get(name, "").strip():
                return name, key
        return "", ""

    def _body(
        self, messages: Sequence[dict[str, str]], limit: int, without: Collection[str]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        if "temperature" not in without:
            body["temperature"] = 0
        body[ANOTHER_LIMIT if "max_tokens" in without else "max_tokens"] = limit
        return body

    def _completion(self, row: int, reply: dict[str, Any], limit: int) -> Completion:
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        text, cut = choice["message"]["content"], choice.get("finish_reason") == "length"
        if cut and not text:
            said = f"the limit of {limit} tokens was reached before a word came"
            raise SpentLimitError(f"{said}: its model thinks before it answers")
        if not isinstance(text, str):
            raise ValueError("the server sent an answer without text")
        text.encode()  # a lone surrogate could not be written to disk: ValueError
        return Completion(
            row,
            text.strip(),
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
            cut,
        )

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        key = self._key()[1]
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        for attempt in range(PATIENCE):
            try:
                with self._opener.open(request, timeout=self.timeout_s) as response:
                    raw = response.read(MAX_RESPONSE_BYTES + 1)
                break
            except urllib.error.HTTPError as err:
                told: Exception = ServerRefusal(err, key)
            except UNREACHABLE as err:
                told = err
            tries, pause = _again(told, attempt)
            if attempt + 1 >= tries:
                raise told
            time.sleep(pause)
        if len(raw) > MAX_RESPONSE_BYTES:
            raise ValueError("the server's reply is larger than 4 MiB")
        reply = json.loads(raw)
        if not isinstance(reply, dict):
            raise ValueError("the server's reply is not a JSON object")
        return reply


class _Stay(urllib.request.HTTPRedirectHandler):
    """A server that sends elsewhere is an error: the library would take the key along."""

    def redirect_request(self, *given: Any) -> None:
        return None


def _again(err: Exception, attempt: int) -> tuple[int, float]:
    """How many tries an error deserves, and the seconds before the next one."""
    pause = 2.0**attempt
    if not isinstance(err, ServerRefusal):
        return RETRIES, pause
    if err.code not in BUSY or err.is_for_the_account:
        return 1, pause
    asked = err.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():  # the other form, a date, is not worth its parsing
        pause = float(asked)
    return (PATIENCE if err.code == 429 else RETRIES), min(pause, LONGEST_PAUSE_S)
