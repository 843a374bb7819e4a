"""Tasks whose answers are a closed set, labels or JSON by a schema, and the constraint to that."""

from typing import Any

from harness.errors import JobError, Problem
from harness.prompts import render
from harness.types import TaskSpec
from tuning.constrain import Constraint, JsonSchemaConstraint, LabelTrie, obstacle
from tuning.encode import encode_example, stop_ids

CLOSED = {"label": "labels over a trie", "json": "JSON schema, llguidance"}
"""Kind of task to how its answers are constrained, as it stands in a run's record."""
NOT_CLOSED = "answers of this task are free text; there is nothing to constrain"


def why_not_closed(spec: TaskSpec) -> str:
    """Why answers to a task cannot be held to the allowed ones; empty where they can."""
    if spec.kind not in CLOSED:
        return NOT_CLOSED
    found = obstacle(spec.schema) if spec.kind == "json" else None
    return f"answers cannot be held to the schema: {found.reason}" if found else ""


def constraint_of(spec: TaskSpec, tokenizer: Any) -> Constraint:
    """What answers to a task may be; its abstention sentence is one of them.

    Raises:
        JobError: a label that the model's tokenizer cannot write.
        TuningError: a schema that answers cannot be held to.
    """
    if spec.kind == "json":
        stops = stop_ids(tokenizer)
        return JsonSchemaConstraint(tokenizer, spec.schema, stops, spec.abstention)
    said = [*spec.labels, *([spec.abstention] if spec.abstention else [])]
    # rendered as a training row is, so that the ids are those that a tuned model would say
    messages = render(spec, spec.instruction).messages()
    rows = [encode_example(tokenizer, messages, one).completion for one in said]
    unsaid = [one for one, ids in zip(said, rows, strict=True) if _text(tokenizer, ids) != one]
    if unsaid:
        fix = "write it in other letters, or leave the rung out"
        raise JobError(
            *(Problem("the model's tokenizer cannot write this label", fix, one) for one in unsaid)
        )
    return LabelTrie(rows)


def _text(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()
