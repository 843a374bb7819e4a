"""A judge's reply, read strictly: one JSON object with two keys, or it is no verdict."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

LONGEST = 8000
"""Characters of a reply."""
LONGEST_REASON = 300
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n```\Z", re.DOTALL)


class Reply(NamedTuple):
    """What the judge said."""

    verdict: str
    reason: str
    """Untrusted text."""


def read_reply(text: str, verdicts: Sequence[str]) -> Reply:
    """Read a reply.

    A single code fence around the object is taken off, since many models always write one. A key
    that comes twice is refused: that is how a verdict smuggled in by an answer looks.

    Args:
        text: as it came.
        verdicts: those allowed.

    Raises:
        ValueError: it is anything else; the message says what.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the reply has {len(text):,} characters; at most {LONGEST:,} are read")
    stripped = text.strip()
    fenced = _FENCED.match(stripped)
    try:
        found = json.loads(fenced[1] if fenced else stripped, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("the reply is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the reply is not one JSON object ({error.msg})") from None
    if not isinstance(found, dict) or set(found) != {"reason", "verdict"}:
        raise ValueError("the reply is not an object with the keys reason and verdict")
    verdict, reason = found["verdict"], found["reason"]
    if not isinstance(verdict, str) or verdict not in verdicts:
        raise ValueError(f"the verdict is not one of {', '.join(verdicts)}")
    if not isinstance(reason, str):
        raise ValueError("the reason is not a text")
    reason.encode()  # a lone surrogate could not be written to disk: ValueError
    return Reply(verdict, " ".join(reason.split())[:LONGEST_REASON])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the reply has a key twice")
    return found
