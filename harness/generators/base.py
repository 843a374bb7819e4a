"""The one door through which every rung talks to a model."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from harness.prompts import Prompt


class Completion(NamedTuple):
    """What came back for one prompt."""

    row: int
    """Position of the prompt in the call."""
    text: str
    prompt_tokens: int
    completion_tokens: int
    truncated: bool


class Refusal(NamedTuple):
    """No answer for one prompt, and why; becomes a `Failure`."""

    row: int
    kind: str
    message: str


class Generator(Protocol):
    """Answers prompts; greedy, so the same prompt gives the same text."""

    name: str
    revision: str
    path: str
    """Which implementation runs, recorded with every run."""
    context_length: int
    """Tokens of prompt and answer together."""

    @property
    def manner(self) -> str:
        """How it is asked where it does not take the usual way; empty where it does."""
        ...

    def complete(
        self, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> Iterator[Completion | Refusal]:
        """Answer every prompt once, in any order, as they get ready."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of a piece of text, without special tokens."""
        ...
