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
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from harness.errors import Problem, UserError
from harness.generators.base import Completion, Refusal
from harness.prompts import Prompt

PREFIX = "openai:"
CONTEXT_TOKENS = 8192
"""Assumed: the server does not say how many its model takes."""
RETRIES = 3
PATIENCE = 6
"""Tries where the server asks for a pause (status 429)."""
LONGEST_PAUSE_S = 60.0
TIMEOUT_S = 120.0
KEY = "OPENAI_API_KEY"
MAX_RESPONSE_BYTES = 4 * 2**20
BUSY = (429, 500, 502, 503, 504)
UNREACHABLE = (OSError, http.client.HTTPException)
"""No server, no connection, no answer in time, or not HTTP; `URLError` is an `OSError`."""
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""A reply that is not what the route promises."""


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


class EndpointGenerator:
    """``openai:http://127.0.0.1:8000/v1#model``; the key, if any, is in ``OPENAI_API_KEY``.

    Args:
        name: address and model.
        key: variable of the environment that holds the key.
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
        self.name, self.model, self.key, self.timeout_s = name, model, key, timeout_s
        self.url = f"{address.rstrip('/')}/chat/completions"
        self.context_length = CONTEXT_TOKENS
        # a proxy of the environment would get what is meant for this machine
        direct = [urllib.request.ProxyHandler({})] if parts.hostname in HERE else []
        self._opener = urllib.request.build_opener(_Stay, *direct)

    def complete(
        self, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> Iterator[Completion | Refusal]:
        """One request a prompt; a server that does not answer gives a `Refusal`, not an end."""
        for row, prompt in enumerate(prompts):
            try:
                yield self.ask(prompt.messages(), max_new_tokens, row)
            except (*UNREACHABLE, *MALFORMED) as err:
                yield Refusal(row, "endpoint", f"{type(err).__name__}: {err}")

    def ask(
        self, messages: Sequence[dict[str, str]], max_new_tokens: int, row: int = 0
    ) -> Completion:
        """One request, tried again while the server is busy.

        Raises:
            OSError, HTTPException: one of `UNREACHABLE`: no reply came.
            ValueError and others: one of `MALFORMED`: it is not what the route promises.
        """
        body = {
            "model": self.model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": max_new_tokens,
        }
        return self._completion(row, self._post(body))

    def count_tokens(self, text: str) -> int:
        """An estimate, 4 characters a token: the server's tokenizer is not known."""
        return max(1, len(text) // 4)

    def _completion(self, row: int, reply: dict[str, Any]) -> Completion:
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        text = choice["message"]["content"]
        if not isinstance(text, str):
            raise ValueError("the server sent an answer without text")
        text.encode()  # a lone surrogate could not be written to disk: ValueError
        return Completion(
            row,
            text.strip(),
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
            choice.get("finish_reason") == "length",
        )

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if os.environ.get(self.key):
            headers["Authorization"] = f"Bearer {os.environ[self.key]}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        for attempt in range(PATIENCE):
            try:
                with self._opener.open(request, timeout=self.timeout_s) as response:
                    raw = response.read(MAX_RESPONSE_BYTES + 1)
                break
            except UNREACHABLE as err:
                tries, pause = _again(err, attempt)
                if attempt + 1 >= tries:
                    raise
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
    if not isinstance(err, urllib.error.HTTPError):
        return RETRIES, pause
    if err.code not in BUSY:
        return 1, pause
    asked = err.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():  # the other form, a date, is not worth its parsing
        pause = float(asked)
    return (PATIENCE if err.code == 429 else RETRIES), min(pause, LONGEST_PAUSE_S)
