"""The audit: what is odd about the user's data, shown before it can spoil a result."""

from advisor.audit.finders import finders as every_finder  # its own name is the subpackage's
from advisor.audit.finding import SEVERITIES, AuditReport, Finding, Material
from harness.task import Loaded
from harness.types import TaskSpec

__all__ = ["AuditReport", "Finding", "audit"]


def audit(loaded: Loaded, spec: TaskSpec, *, context_tokens: int = 2048) -> AuditReport:
    """Look at everything that was loaded; works where no task came of it, too.

    Args:
        loaded: what `harness.task.load_task` returned.
        spec: the task, as it was given to `load_task`.
        context_tokens: tokens that the model takes in one go, prompt and answer together.
    """
    task = loaded.task
    material = Material(
        spec=task.spec if task else spec,
        problems=loaded.problems,
        examples=loaded.examples,
        learning=(*task.train, *task.dev) if task else loaded.examples,
        heldout=task.heldout if task else (),
        leaked=loaded.leaked if task else (),
        documents=loaded.documents,
        context_tokens=context_tokens,
    )
    findings = [found for finder in every_finder() for found in finder.find(material)]
    return AuditReport(
        examples=len(loaded.examples),
        documents=len({document.source for document in loaded.documents}),
        findings=tuple(sorted(findings, key=lambda found: SEVERITIES.index(found.severity))),
    )
