"""A few short answers to many rows: labels that the task does not call labels."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, Mend
from advisor.few_answers import few_answers_sentence
from advisor.project import INSTRUCTIONS
from harness.types import TaskSpec


def _mend(spec: TaskSpec) -> Mend:
    """What to write; an instruction of the user's own stays."""
    settings = [("task", "kind", "label")]
    if spec.instruction in INSTRUCTIONS.values():
        settings.append(("task", "instruction", INSTRUCTIONS["label"]))
    return Mend("Take the answers as labels", tuple(settings))


def find(material: Material) -> Iterator[Finding]:
    """That the kind of task may be another."""
    if said := few_answers_sentence(material.spec, material.examples):
        mend = _mend(material.spec)
        lines = " and ".join(f'{key} = "{value}"' for _, key, value in mend.settings)
        yield Finding(
            "few_answers",
            "warning",
            sum(row.answerable for row in material.examples),
            (),
            said,
            f"Write {lines} under [task] in rungwise.toml; leave it where other answers can be "
            "right, too.",
            mend,
        )


FINDER = Finder(("few_answers",), find)
