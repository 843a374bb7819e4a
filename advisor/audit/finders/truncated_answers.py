"""Answers that are longer than any rung may write."""

from collections.abc import Iterator
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, finding, ids, out_of
from harness.prompts import target
from harness.token_estimate import about

STEP: Final = 100
"""The number that is proposed is a multiple of it."""


def find(material: Material) -> Iterator[Finding]:
    """Rows whose answer passes the limit, which every rung is cut at."""
    limit = material.answer_tokens
    if limit is None:
        return
    lengths = {row.id: about(target(material.spec, row)) for row in material.examples}
    rows = [row for row in material.examples if lengths[row.id] > limit]
    if rows:
        yield finding(
            "cut_answers",
            "warning",
            ids(rows),
            f"Answers longer than the limit: {out_of(len(rows), len(material.examples))} have more "
            f"than {limit:,} tokens, estimated at 4 letters a token. Every rung's answers end at "
            "the limit: none can give these whole, and what is scored is their beginning.",
            _fix(max(lengths.values()), material.context_tokens),
        )


def _fix(longest: int, context: int | None) -> str:
    """A number that has room for them, where the model has room for that and a question."""
    wanted = -(-(longest + longest // 4) // STEP) * STEP
    if context is not None and wanted >= context:
        return "Shorten these answers, leave them out, or choose a model with a longer context."
    left = "" if context is None else f", which leaves {context - wanted:,} tokens to ask with"
    return f"Write answer_tokens = {wanted} under [decoding]{left}, or shorten these answers."


FINDER = Finder(("cut_answers",), find)
