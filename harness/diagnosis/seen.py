"""What training showed against what it did not: by the documents that rows ask about."""

from harness.diagnosis.findings import Seen
from harness.diagnosis.material import Material, difference_of
from harness.diagnosis.subject import Subject


def seen(material: Material, subject: Subject) -> Seen | None:
    """Scores on documents that training rows touch, and on others; None where no row names one.

    Training rows only: dev rows choose settings, but nothing is learned from them. The two parts
    are different questions, so one may also be the harder; a rung that learned nothing from the
    rows shows by how much.
    """
    touched = {source for example in material.train for source in example.context_ids}
    asked = [
        any(source in touched for source in example.context_ids) if example.context_ids else None
        for example in material.heldout
    ]
    if all(one is None for one in asked):
        return None
    first, second = (
        material.share(subject.scores_where([one is side for one in asked]))
        for side in (True, False)
    )
    return Seen(touched=first, untouched=second, difference=difference_of(first, second))
