"""Rows that are longer than what the model takes in one go."""

from collections.abc import Iterator
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, finding, ids, out_of
from harness.prompts import render, target
from harness.types import Example, TaskSpec

CHARACTERS_A_TOKEN: Final = 4
"""English prose with common tokenizers; other languages, code and figures take more tokens."""


def find(material: Material) -> Iterator[Finding]:
    """Rows whose prompt and answer together pass the model's context."""
    if material.context_tokens is None:
        return
    room = material.context_tokens * CHARACTERS_A_TOKEN
    rows = [row for row in material.examples if characters(row, material.spec) > room]
    if rows:
        yield finding(
            "truncated",
            "warning",
            ids(rows),
            f"Longer than the model's context: {out_of(len(rows), len(material.examples))} pass "
            f"{material.context_tokens:,} tokens with instruction and answer, estimated at "
            f"{CHARACTERS_A_TOKEN} characters a token. The model cannot take them whole: they fail "
            "or lose their end, and passages or demonstrations leave room for fewer still.",
            "Shorten these rows, leave them out, or choose a model with a longer context.",
        )


def characters(row: Example, spec: TaskSpec) -> int:
    """Length of all that the model reads and writes for a row, in characters."""
    prompt = render(spec, row.question)
    return len(prompt.system) + len(prompt.user) + len(target(spec, row))


FINDER = Finder(("truncated",), find)
