"""What a server says when it refuses, and whether another manner of asking would help."""

import http.client
import io
import json
import re
import urllib.error
from typing import Any, Final, NamedTuple

LONGEST_SAID: Final = 200
"""Characters of a server's own words that are told on: it may repeat a whole prompt."""
MAX_BODY_BYTES: Final = 2**16
PARAMETERS: Final = ("max_tokens", "temperature")
"""Of a request: those that some models do not take. Newer ones of OpenAI take neither."""
_NOT_TAKEN = re.compile(r"unsupported|not support|n['’]t support|deprecated|not (?:allowed|permit)")
_UNSUPPORTED = ("unsupported_parameter", "unsupported_value")
_KEY = (401, 403)
_UNPAID, _NO_QUOTA = 402, "insufficient_quota"


class _Body(NamedTuple):
    """The body of an error, as far as it says anything."""

    message: str = ""
    code: str = ""
    parameter: str = ""


class ServerRefusal(urllib.error.HTTPError):
    """An HTTP error whose text also holds what the server says of it, on one line.

    Args:
        error: with its body unread.
        key: that was sent; a server that repeats it is not quoted with it.
    """

    def __init__(self, error: urllib.error.HTTPError, key: str) -> None:
        body = _body_of(error)
        self._body = body
        words = (error.msg, body.message.replace(key, "…") if key else body.message)
        said = ": ".join(one for one in map(_one_line, words) if one)
        # without a body of its own, looking up any attribute that is not there fails
        super().__init__(error.url, error.code, said, error.headers, io.BytesIO())

    @property
    def not_taken(self) -> set[str]:
        """Those of `PARAMETERS` that the model does not take, as the server says.

        One that is only too large is none: "max_tokens is too large" would be so under any name.
        """
        body = self._body
        if self.code != 400:
            return set()
        if body.parameter:
            named = {body.parameter} & set(PARAMETERS)
        else:
            named = {one for one in PARAMETERS if re.search(rf"\b{one}\b", body.message)}
        unsupported = body.code in _UNSUPPORTED or _NOT_TAKEN.search(body.message.lower())
        return named if unsupported else set()

    @property
    def is_for_the_key(self) -> bool:
        """Whether it lacks a key, or one that may use this model."""
        return self.code in _KEY

    @property
    def is_for_the_account(self) -> bool:
        """Whether nothing is left to pay with: no pause helps, though status 429 asks for one."""
        return self.code == _UNPAID or self._body.code == _NO_QUOTA


def _body_of(error: urllib.error.HTTPError) -> _Body:
    """What the body says, in any of the forms that servers give it."""
    try:
        text = error.read(MAX_BODY_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return _Body()
    finally:
        error.close()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # a page for browsers says nothing here
        return _Body() if text.lstrip().startswith("<") else _Body(text)
    if isinstance(found, list):  # Google's has a list around it
        found = found[0] if found else {}
    inside = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inside, dict):  # Ollama's is a text alone
        return _Body(inside) if isinstance(inside, str) else _Body()
    return _Body(_message(inside), _text(inside.get("code")), _text(inside.get("param")))


def _message(inside: dict[str, Any]) -> str:
    """Of an OpenAI error, or of FastAPI's, which has a list of them where values are wrong."""
    said = inside.get("message") or inside.get("detail")
    if isinstance(said, list):
        said = "; ".join(_text(one.get("msg")) for one in said if isinstance(one, dict))
    return _text(said)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    """Shortened, and without anything that a terminal would not print as it stands."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(shown.split())
    return line if len(line) <= LONGEST_SAID else f"{line[: LONGEST_SAID - 1]}…"
