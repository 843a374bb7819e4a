"""Any OpenAI-compatible server that the user names, for instance one on this machine.

A small client on the standard library: one route, JSON in and out, a time limit, a few retries.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

from harness.errors import Problem, UserError
from harness.generators.base import Completion, Refusal
from harness.prompts import Prompt

PREFIX = "openai:"
RETRIES = 3
TIMEOUT_S = 120.0
MAX_RESPONSE_BYTES = 4 * 2**20
BUSY = (429, 500, 502, 503, 504)
UNREACHABLE = (OSError, http.client.HTTPException)
"""No server, no connection, no answer in time, or not HTTP; `URLError` is an `OSError`."""
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""A reply that is not what the route promises."""


class EndpointGenerator:
    """``openai:http://127.0.0.1:8000/v1#model``; the key, if any, is in ``OPENAI_API_KEY``."""

    trainable = False
    path = "endpoint"
    revision = "not known: the server decides"

    def __init__(self, name: str) -> None:
        address, _, model = name.removeprefix(PREFIX).partition("#")
        if not address.startswith(("http://", "https://")) or not model:
            raise UserError(
                Problem(
                    f"{name!r} is not an endpoint",
                    "write openai:http://host:port/v1#model-name",
                    "[model] generator",
                )
            )
        self.name, self.model = name, model
        self.url = f"{address.rstrip('/')}/chat/completions"
        self.context_length = 8192

    def complete(
        self, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> Iterator[Completion | Refusal]:
        """One request a prompt; a server that does not answer gives a `Refusal`, not an end."""
        for row, prompt in enumerate(prompts):
            body = {
                "model": self.model,
                "messages": prompt.messages(),
                "temperature": 0,
                "max_tokens": max_new_tokens,
            }
            try:
                yield self._completion(row, self._post(body))
            except (*UNREACHABLE, *MALFORMED) as err:
                yield Refusal(row, "endpoint", f"{type(err).__name__}: {err}")

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
        if os.environ.get("OPENAI_API_KEY"):
            headers["Authorization"] = f"Bearer {os.environ['OPENAI_API_KEY']}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        for attempt in range(RETRIES):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                    raw = response.read(MAX_RESPONSE_BYTES + 1)
                break
            except UNREACHABLE as err:
                busy = not isinstance(err, urllib.error.HTTPError) or err.code in BUSY
                if not busy or attempt + 1 == RETRIES:
                    raise
                time.sleep(2.0**attempt)
        if len(raw) > MAX_RESPONSE_BYTES:
            raise ValueError("the server's reply is larger than 4 MiB")
        reply = json.loads(raw)
        if not isinstance(reply, dict):
            raise ValueError("the server's reply is not a JSON object")
        return reply
