"""What several verbs do alike."""

import signal

from advisor import terminal, workflow
from advisor.project import Project
from advisor.terminal_progress import Progress
from harness.errors import JobError, Problem
from harness.experiment import Experiment
from harness.store import Run


def follow(project: Project, run: Run) -> Experiment:
    """Run a check with its progress and its failed cells on stderr; a request to stop ends it."""
    progress = Progress(run.plan().cells)

    def stopped(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    go_on = f"go on with: rungwise check {project.root} --run {run.name}"
    signal.signal(signal.SIGTERM, stopped)
    try:
        experiment = workflow.check(project, run, progress)
    except (JobError, KeyboardInterrupt):
        progress.close()
        terminal.note(f"\n{go_on}")
        raise
    finally:
        progress.close()
    if experiment.failed:
        fix = f"mend that; then {go_on}"
        problems = [Problem(why, fix, cell) for cell, why in experiment.failed.items()]
        terminal.show_error(JobError(*problems))
    return experiment
