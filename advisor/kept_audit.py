"""What the audit had found when a check began: kept with the run, told in its report."""

import msgspec

from advisor.audit import AuditReport
from harness.disk import decode, write_json
from harness.store import Run

AUDIT = "audit.json"
"""In the run's folder."""


def keep_audit(run: Run, report: AuditReport) -> None:
    """Write it down; ids and places only, no text of the rows."""
    write_json(run.folder / AUDIT, msgspec.to_builtins(report))


def audit_kept(run: Run) -> AuditReport | None:
    """What was found then; None for runs of before it was kept.

    Raises:
        UserError: the file is damaged.
    """
    file = run.folder / AUDIT
    return decode(file.read_bytes(), AuditReport, file) if file.is_file() else None
