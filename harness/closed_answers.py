"""Tasks whose answers are a closed set, labels or JSON by a schema, and the constraint to that."""

from typing import Any

from harness.errors import JobError, Problem
from harness.prompts import render
from harness.types import TaskSpec
from tuning.constrain import Constraint, JsonSchemaConstraint, LabelTrie, obstacle
from tuning.encode import Encoded, encode_example, stop_ids
from tuning.likelihood import read_all
from tuning.models import LanguageModel

CLOSED = {"label": "labels over a trie", "json": "JSON schema, llguidance"}
"""Kind of task to how its answers are constrained, as it stands in a run's record."""
NO_QUESTION = "N/A"
"""What stands for a question without content (Zhao et al. 2021)."""
CALIBRATED = "calibrated"
"""Setting of a rung: labels are counted by how much likelier the question makes them."""
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
    said, rows = _label_rows(spec, tokenizer, spec.instruction)
    unsaid = [
        one for one, row in zip(said, rows, strict=True) if _text(tokenizer, row.completion) != one
    ]
    if unsaid:
        fix = "write it in other letters, or leave the rung out"
        raise JobError(
            *(Problem("the model's tokenizer cannot write this label", fix, one) for one in unsaid)
        )
    return LabelTrie([row.completion for row in rows])


def calibrated(spec: TaskSpec, tokenizer: Any, model: LanguageModel) -> Constraint:
    """The same for labels, each counted by how much likelier the question makes it.

    A model leans to some labels whatever it is asked, so that what it leans to without a question
    is taken off.
    """
    _, rows = _label_rows(spec, tokenizer, NO_QUESTION)
    leaning: list[list[float]] = [[] for _ in rows]
    for wave in read_all(model, rows):
        for at, reading in wave:
            leaning[at] = [-nll for nll in reading.nll]
    return LabelTrie([row.completion for row in rows], leaning)


def _label_rows(spec: TaskSpec, tokenizer: Any, question: str) -> tuple[list[str], list[Encoded]]:
    """What may be said, and each as the answer to a question.

    Rendered as a training row is, so that the ids are those that a tuned model would say.
    """
    said = [*spec.labels, *([spec.abstention] if spec.abstention else [])]
    messages = render(spec, question).messages()
    return said, [encode_example(tokenizer, messages, one) for one in said]


def _text(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()
