"""Which labels a task has: those that its settings name, or those of the rows it learns from."""

import dataclasses
from collections.abc import Sequence
from difflib import get_close_matches

from harness.errors import Problem
from harness.types import Example, TaskSpec

SHOWN_LABELS = 12


def labels_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """The labels that occur, in alphabetical order: order in the file must carry no hint."""
    return tuple(sorted({label for example in examples for label in example.references}))


def named_or_found(spec: TaskSpec, examples: Sequence[Example]) -> tuple[str, ...]:
    """The labels that the settings name, or else those that occur; none of another kind of task."""
    return spec.labels or (labels_of(examples) if spec.kind == "label" else ())


def with_labels(spec: TaskSpec, examples: Sequence[Example]) -> TaskSpec:
    """The task with the labels of some rows, where its settings name none.

    What the settings describe is named by them. A label of held-out rows alone must come from there
    too: to offer it as an answer would tell what is held out.
    """
    if spec.kind != "label" or spec.labels:
        return spec
    described = {label for label, _ in spec.descriptions}
    return dataclasses.replace(spec, labels=tuple(sorted({*labels_of(examples), *described})))


def undescribed(spec: TaskSpec, examples: Sequence[Example]) -> list[Problem]:
    """Descriptions of labels that there are not: the model would be told of what it may not say."""
    if spec.kind != "label":
        return []
    labels = named_or_found(spec, examples)
    problems = []
    for label in (label for label, _ in spec.descriptions if label not in labels):
        near = "".join(f"did you mean {one}? " for one in get_close_matches(label, labels, 1))
        fix = f"{near}write one of: {', '.join(labels[:SHOWN_LABELS])}"
        where = "rungwise.toml, [task.descriptions]"
        problems.append(Problem(f"there is no label {label!r}", fix, where))
    return problems
