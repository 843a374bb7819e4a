"""Answers in another language than the right ones."""

from collections import Counter

from harness.closed_answers import CLOSED
from harness.diagnosis.findings import Languages
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject
from harness.language import guesser
from harness.types import Answer, Example


def languages(material: Material, subject: Subject) -> Languages | None:
    """How often the language is another than that of the right answer, or else of the question.

    Where either is not sure the answer is left out, and so is 'I do not know'; with several seeds
    a question is, unless it has an answer to count in each of them. None for labels and JSON, and
    where the task's language is not known.
    """
    guess = guesser(material.spec.language) if material.spec.kind not in CLOSED else None
    if guess is None:
        return None

    def other(example: Example, answer: Answer) -> float | None:
        texts = (*example.references[:1], example.question)
        wanted = next((code for text in texts if (code := guess(text)) is not None), None)
        said = None if subject.abstains(answer) else guess(answer.text)
        if wanted is None or said is None:
            return None
        return float(said != wanted)

    rows = subject.rows(other)
    counted = [None not in column for column in zip(*rows, strict=True)]
    spoken = Counter(
        guess(seed[example.id].text)
        for seed, row in zip(subject.answers, rows, strict=True)
        for example, value, counts in zip(material.heldout, row, counted, strict=True)
        if counts and value
    )
    mostly = spoken.most_common(1)[0][0] if spoken else None
    return Languages(material.share(rows), mostly or "")
