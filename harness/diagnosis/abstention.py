"""Refusing what can be answered, and answering what cannot."""

from harness.diagnosis.findings import Abstention
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject


def abstention(material: Material, subject: Subject) -> Abstention | None:
    """Both shares, and the score where there is an answer.

    None where 'I do not know' is not part of the task.
    `right_to_abstain_score` is the two together; apart, they say which way a rung errs.
    """
    if not material.spec.abstention:
        return None
    refused = subject.rows(lambda e, a: float(subject.abstains(a)) if e.answerable else None)
    anyway = subject.rows(lambda e, a: None if e.answerable else float(not subject.abstains(a)))
    answerable = subject.scores_where([example.answerable for example in material.heldout])
    return Abstention(
        refused=material.share(refused),
        answered_anyway=material.share(anyway),
        answerable=material.share(answerable),
    )
