"""What people and a judge look at: a question, what is right, and one rung's answer."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from harness.assemble import rung_of
from harness.closed_answers import CLOSED
from harness.clusters import clusters_of
from harness.errors import Problem, UserError
from harness.rungs import rungs
from harness.store import Run
from harness.types import Example, TaskSpec


@dataclass(frozen=True, slots=True)
class Said:
    """One rung's answer to one held-out question. Untrusted text."""

    item: str
    rung: str
    question: str
    reference: str
    """What is right to say."""
    answer: str
    cluster: str
    """Questions of one document or group stand or fall together."""

    @property
    def key(self) -> tuple[str, str]:
        """Rungs that say the same to a question share it: it is judged once."""
        return self.item, checksum(self.answer)


class Material(NamedTuple):
    """All answers of a run that can be judged."""

    said: tuple[Said, ...]
    """Rungs in order of effort, each with its questions in the order of the held-out set."""
    failed: dict[str, int]
    """Rung to questions that it has no answer to."""
    rungs: tuple[str, ...]


def checksum(text: str) -> str:
    """Of an answer, to know it again."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def material_of(run: Run) -> Material:
    """Every rung's answers at its first seed.

    Raises:
        UserError: the task has closed answers, which need no judge, or no rung is finished.
    """
    plan = run.plan()
    if plan.spec.kind in CLOSED:
        raise UserError(
            Problem(
                f"answers of kind {plan.spec.kind} are right or wrong by comparison",
                "a judge is for open answers: kind answer or text",
                run.name,
            )
        )
    cells: dict[str, str] = {}
    for name in plan.cells:
        if rung_of(name) in rungs() and run.finished(name):
            cells.setdefault(rung_of(name), name)
    if not cells:
        fix = f"go on with: rungwise check {run.project} --run {run.name}"
        raise UserError(Problem("no rung of the run is finished", fix, run.name))
    heldout = run.heldout()
    clusters = clusters_of(heldout) or [example.id for example in heldout]
    said, failed = [], {}
    for rung, cell in cells.items():
        answers = {answer.query_id: answer.text for answer in run.cell(cell).answers}
        failed[rung] = sum(example.id not in answers for example in heldout)
        said += [
            Said(
                example.id,
                rung,
                example.question,
                right_to_say(plan.spec, example),
                answers[example.id],
                cluster,
            )
            for example, cluster in zip(heldout, clusters, strict=True)
            if example.id in answers
        ]
    return Material(tuple(said), failed, tuple(cells))


def right_to_say(spec: TaskSpec, example: Example) -> str:
    """The references, or that nothing answers the question and what to say then."""
    if example.references:
        return "\nor: ".join(example.references)
    return f"Nothing answers this. Right is to say so, for instance: {spec.abstention}"
