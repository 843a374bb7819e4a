"""Fields of a JSON object that come out wrong."""

from collections.abc import Sequence

from harness.diagnosis.findings import Field
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject
from harness.field_pairs import Compared, compare
from harness.json_answers import leaves, parse_object

SHOWN = 5
FEWEST = 5
"""Questions with a field, below which a share of them says nothing."""


def json_fields(material: Material, subject: Subject) -> tuple[Field, ...]:
    """Those wrong most often among valid answers; none for other kinds of task.

    As in `field_f1_score`, a list's items are paired first and then count together.
    """
    if material.spec.kind != "json":
        return ()
    wanted = [_paths(e.references[0]) if e.references else () for e in material.heldout]
    said = [_said(material, subject, seed) for seed in range(len(subject.answers))]
    found = []
    for path in dict.fromkeys(path for one in wanted for path in one):
        rows = [[_wrong(path, w, s) for w, s in zip(wanted, row, strict=True)] for row in said]
        found.append(Field(path, material.share(rows)))
    known = [field for field in found if field.wrong.n >= FEWEST and field.wrong.mean]
    return tuple(sorted(known, key=lambda field: (-(field.wrong.mean or 0.0), field.path))[:SHOWN])


def _said(material: Material, subject: Subject, seed: int) -> Sequence[Compared | None]:
    """How valid objects compare with the right ones; None for another answer, or none."""
    answers, malformed = subject.answers[seed], subject.malformed[seed]
    out: list[Compared | None] = []
    for example in material.heldout:
        answer = answers.get(example.id)
        valid = answer and example.id not in malformed and not subject.abstains(answer)
        known = answer and valid and example.references
        out.append(_compared(answer.text, example.references[0]) if answer and known else None)
    return out


def _compared(said: str, wanted: str) -> Compared | None:
    try:
        return compare(parse_object(said), parse_object(wanted))
    except RecursionError:  # nested beyond all measure
        return None


def _wrong(path: str, wanted: Sequence[str], said: Compared | None) -> float | None:
    """Whether something is missing at a path, or is there that is not right."""
    if said is None or path not in wanted:
        return None
    return float(not said.said[path] == said.wanted[path] == said.shared[path])


def _paths(text: str) -> Sequence[str]:
    """Of all fields that a right object names, also of those that it says are null."""
    return tuple(dict.fromkeys(path for path, _ in leaves(parse_object(text))))
