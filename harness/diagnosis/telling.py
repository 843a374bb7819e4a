"""Questions that tell rungs apart."""

from harness.diagnosis.findings import Missed
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject

SHOWN = 10


def disagreed(material: Material) -> tuple[str, ...]:
    """The ten questions on which the rungs' scores lie farthest apart.

    Between equals the held-out set's own order decides; where all agree, a question is not listed.
    """
    out = []
    for number, example in enumerate(material.heldout):
        scores = [subject.means[number] for subject in material.subjects.values()]
        known = [score for score in scores if score is not None]
        spread = max(known) - min(known) if known else 0.0
        if spread > 0:
            out.append((-spread, number, example.id))
    return tuple(name for *_, name in sorted(out)[:SHOWN])


def missed(material: Material, subject: Subject) -> Missed:
    """Where another rung is right and this one is not, and the reverse."""
    others = [other for name, other in material.subjects.items() if name != subject.name]
    out, alone = [], 0
    for number, example in enumerate(material.heldout):
        right = sum(other.right[number] is True for other in others)
        if subject.right[number] is False and right:
            out.append((-right, number, example.id))
        alone += subject.right[number] is True and bool(others) and not right
    return Missed(n=len(out), alone=alone, ids=tuple(name for *_, name in sorted(out)[:SHOWN]))
