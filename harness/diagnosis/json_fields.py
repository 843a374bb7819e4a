"""Fields of a JSON object that come out wrong."""

from collections import Counter
from collections.abc import Sequence

from harness.diagnosis.findings import Field
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject
from harness.json_answers import leaves, parse_object

SHOWN = 5
FEWEST = 5
"""Questions with a field, below which a share of them says nothing."""
Found = dict[str, Counter[str]]
"""Path to the values that stand there."""


def json_fields(material: Material, subject: Subject) -> tuple[Field, ...]:
    """Those wrong most often among valid answers; none for other kinds of task.

    As in `field_f1_score`, list positions are left out: a list's items count together.
    """
    if material.spec.kind != "json":
        return ()
    wanted = [_by_path(e.references[0]) if e.references else {} for e in material.heldout]
    said = [_said(material, subject, seed) for seed in range(len(subject.answers))]
    found = []
    for path in dict.fromkeys(path for one in wanted for path in one):
        rows = [[_wrong(path, w, s) for w, s in zip(wanted, row, strict=True)] for row in said]
        found.append(Field(path, material.share(rows)))
    known = [field for field in found if field.wrong.n >= FEWEST and field.wrong.mean]
    return tuple(sorted(known, key=lambda field: (-(field.wrong.mean or 0.0), field.path))[:SHOWN])


def _said(material: Material, subject: Subject, seed: int) -> Sequence[Found | None]:
    """What valid objects hold; None for another answer, or none."""
    answers, malformed = subject.answers[seed], subject.malformed[seed]
    out: list[Found | None] = []
    for example in material.heldout:
        answer = answers.get(example.id)
        valid = answer and example.id not in malformed and not subject.abstains(answer)
        out.append(_by_path(answer.text) if answer and valid else None)
    return out


def _wrong(path: str, wanted: Found, said: Found | None) -> float | None:
    if said is None or path not in wanted:
        return None
    return float(said.get(path) != wanted[path])


def _by_path(text: str) -> Found:
    out: Found = {}
    for path, value in leaves(parse_object(text)):
        out.setdefault(path, Counter())[value] += 1
    return out
