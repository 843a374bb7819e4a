"""A few short answers to many rows: labels that the task does not call labels."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material
from advisor.few_answers import few_answers_sentence


def find(material: Material) -> Iterator[Finding]:
    """That the kind of task may be another."""
    if said := few_answers_sentence(material.spec, material.examples):
        yield Finding(
            "few_answers",
            "warning",
            sum(row.answerable for row in material.examples),
            (),
            said,
            'Write kind = "label" and instruction = "Classify the message." under [task] in '
            "rungwise.toml; leave it where other answers can be right, too.",
        )


FINDER = Finder(("few_answers",), find)
