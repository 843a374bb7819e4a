"""The audit of a project: for the model that it names."""

from collections.abc import Callable

from advisor.audit import AuditReport, audit
from advisor.project import Project
from harness.context import context_of
from harness.task import Loaded


def audit_of(
    project: Project, loaded: Loaded, on_finder: Callable[[int, int], None] | None = None
) -> AuditReport:
    """What is odd about a project's data; see `advisor.audit.audit`."""
    settings = project.settings()
    tokens = context_of(settings.generator, project.root, settings.revision)
    return audit(
        loaded, project.spec(), context_tokens=tokens, settings=settings, on_finder=on_finder
    )
