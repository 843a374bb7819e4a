"""What several verbs do alike."""

import signal

from advisor import terminal, workflow
from advisor.project import Project
from harness.experiment import Experiment
from harness.store import Run


def follow(project: Project, run: Run) -> Experiment:
    """Run a check with its progress on stderr; a request to stop ends it cleanly."""
    progress = terminal.Progress(run.plan().cells)

    def stopped(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)
    try:
        return workflow.check(project, run, progress)
    finally:
        progress.close()
