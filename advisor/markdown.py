"""Pieces of Markdown in which nothing that a user wrote is read as Markdown or HTML."""

import re
from collections.abc import Sequence


def bullets(lines: Sequence[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def code(text: str) -> str:
    """A short untrusted text inside a sentence."""
    line = re.sub(r"[`\s]+", " ", text).strip()
    return f"`{line}`"


def fenced(text: str, kind: str = "text") -> str:
    """A block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"
