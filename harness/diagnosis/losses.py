"""Where the score goes: every point that an answer misses, under one cause."""

from harness.diagnosis.findings import CAUSES, Cause, Loss
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Rows, Subject
from harness.types import Answer, Example


def losses(material: Material, subject: Subject) -> tuple[Loss, ...]:
    """Shares of the score that were lost, by cause, the largest first.

    Over the questions that the mean score rests on: mean score and losses add up to 1.
    """
    causes = [_causes(material, subject, seed) for seed in range(len(subject.scores))]

    def lost(wanted: Cause) -> Rows:
        return [
            [
                None if not ok or score is None else 1 - score if cause == wanted else 0.0
                for score, cause, ok in zip(scores, row, subject.scored, strict=True)
            ]
            for scores, row in zip(subject.scores, causes, strict=True)
        ]

    counts = {cause: sum(row.count(cause) for row in causes) for cause in CAUSES}
    found = [Loss(cause, material.share(lost(cause)), n) for cause, n in counts.items() if n]
    return tuple(sorted(found, key=lambda loss: -(loss.share.mean or 0.0)))


def _causes(material: Material, subject: Subject, seed: int) -> list[Cause | None]:
    """Of each question's answer at a seed; None where nothing was lost or nothing is scored."""
    answers, malformed = subject.answers[seed], subject.malformed[seed]
    out: list[Cause | None] = []
    for example, score, ok, there in zip(
        material.heldout, subject.scores[seed], subject.scored, subject.found, strict=True
    ):
        if not ok or score is None or score >= 1:
            out.append(None)
        elif example.id in malformed:
            out.append("form")
        else:
            out.append(_cause(subject, example, answers[example.id], there))
    return out


def _cause(subject: Subject, example: Example, answer: Answer, there: bool | None) -> Cause:
    """The first that applies; `harness.diagnosis.findings.CAUSES` says what each means."""
    abstained = subject.abstains(answer)
    if not example.answerable:
        return "wrong_content" if abstained else "answered_anyway"
    if there is False:
        return "not_found"
    if abstained:
        return "refused"
    return "not_used" if there else "wrong_content"
