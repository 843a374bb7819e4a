"""What answers rest on: the passages that support them, and the sources they name themselves."""

import re
from functools import partial

from harness.closed_answers import CLOSED
from harness.diagnosis.material import Material
from harness.diagnosis.read_findings import Citations
from harness.diagnosis.subject import Subject
from harness.retrieval import TITLES_APART, holds_answer
from harness.text import normalise
from harness.types import Answer, Example, TaskSpec

_NAMED = re.compile(r"\[([^\[\]\n]{1,120})\]")


def citations(material: Material, subject: Subject) -> Citations | None:
    """How answers cite; None for a rung without passages.

    None for labels and JSON, too: a label that stands in a passage is no sign that the passage
    tells it, and a list of JSON in its brackets names no source.

    An answer cites the passages that its words stand in (`rag.cite`): those were before the model
    by construction. Which of them are right is known by the facts or the document of a question,
    as for search. A source that the answer names in square brackets can be one that was not there.
    """
    if not subject.reads or material.spec.kind in CLOSED:
        return None
    return Citations(
        unsupported=material.share(
            subject.rows(lambda e, a: _unless(subject, a, float(not a.citations)))
        ),
        right=material.share(subject.rows(partial(_precision, material.spec))),
        cited=material.share(subject.rows(partial(_recall, material.spec))),
        named=material.share(
            subject.rows(lambda e, a: _unless(subject, a, float(bool(sources_named(a.text)))))
        ),
        stray=material.share(subject.rows(lambda e, a: _unless(subject, a, _stray(a)))),
    )


def sources_named(text: str) -> tuple[str, ...]:
    """What stands in square brackets in an answer; bare numbers, which nothing numbers, are not."""
    found = (name.strip() for name in _NAMED.findall(text))
    return tuple(name for name in found if name and not name.isdigit())


def _unless(subject: Subject, answer: Answer, value: float | None) -> float | None:
    """A value of an answer; None where it says that it does not know, which needs no source."""
    return None if subject.abstains(answer) else value


def _stray(answer: Answer) -> float | None:
    """Whether one of the sources named was not before the model; None where none is named."""
    named = {normalise(name) for name in sources_named(answer.text)}
    titles = [(c.title, *c.title.split(TITLES_APART)) for c in answer.contexts]
    known = {normalise(title) for parts in titles for title in parts}
    known |= {normalise(source) for c in answer.contexts for source in c.sources}
    return float(not named <= known) if named else None


def _precision(spec: TaskSpec, example: Example, answer: Answer) -> float | None:
    right = [holds_answer(example, [answer.contexts[place]], spec) for place in answer.citations]
    if not right or None in right:
        return None
    return sum(map(bool, right)) / len(right)


def _recall(spec: TaskSpec, example: Example, answer: Answer) -> float | None:
    if not holds_answer(example, answer.contexts, spec):
        return None
    cited = [answer.contexts[place] for place in answer.citations]
    return float(bool(holds_answer(example, cited, spec)))
