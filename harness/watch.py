"""Watching the processes at work on cells: events passed on, failures told, a way to stop."""

import contextlib
import errno
import os
import signal
from collections.abc import Callable

from harness.errors import JobError, Problem, RunError
from harness.executors.local import last_line
from harness.store import Event, Run

OnEvent = Callable[[Event], None]
STARTING, STARTING_PROBE = "Starting the check", "Starting the probe"
"""Messages of the events that are written before the process is there."""
SILENT = "the process ended without a word"
ENDS_RUN = "ends_run"
"""Among the figures of a failure: the other cells would fail by the same."""


def announce(run: Run, message: str) -> None:
    """Say that a process is being started; a request to stop counts from now on."""
    run.cancel_file.unlink(missing_ok=True)
    run.say("doing", message)


def forget_old_request(run: Run) -> None:
    """Drop a request to stop an earlier process; one made since this was announced counts."""
    events, _ = run.events()
    if not events or events[-1].message not in (STARTING, STARTING_PROBE):
        run.cancel_file.unlink(missing_ok=True)


class Watch:
    """Passes events on while a cell runs, keeps why cells failed, stops on request.

    Args:
        run: its events from now on.
        on_event: told each of them once.
        go_on: how the work is gone on with, in words.
    """

    def __init__(self, run: Run, on_event: OnEvent, go_on: str) -> None:
        self.run, self.on_event, self.go_on = run, on_event, go_on
        self.offset = run.events()[1]
        self.reasons: dict[str, list[str]] = {}

    def __call__(self) -> None:
        """Look once.

        Raises:
            JobError: somebody asked to stop.
            RunError: a cell failed by what the others would fail by too.
        """
        events, self.offset = self.run.events(self.offset)
        last: list[Problem] = []
        for event in events:
            if event.kind == "failed":
                self.reasons.setdefault(event.cell, []).append(event.message)
                if event.figures.get(ENDS_RUN):
                    last.append(Problem(event.message, event.figures["fix"]))
            self.on_event(event)
        if last:
            raise RunError(*last)
        if self.run.cancel_file.exists():
            raise JobError(
                Problem("stopped on request; what is finished is kept", self.go_on, self.run.name)
            )

    @property
    def fix(self) -> str:
        """What to do about a cell that failed."""
        return f"see the log in {self.run.folder / 'cells'}; {self.go_on}"

    def why(self, cell: str, first: str, status: int) -> str:
        """What stopped a cell: its own word, a kill, or the last line its process printed.

        Args:
            cell: that did not come to its end.
            first: of the cells of its process, which names the log.
            status: the process's exit status.
        """
        if cell in self.reasons:
            return "; ".join(self.reasons[cell])
        why = last_line(self.run.cell_file(first, ".log")) or SILENT
        if os.strerror(errno.ENOSPC) in why:  # libraries say it each in their own way
            why = "the disk is full; free some space"
        if status == -9:  # then the last line says nothing about why
            why = "the process was killed, most often for lack of memory"
        elif status < 0:
            with contextlib.suppress(ValueError):
                why += f" (ended by signal {signal.Signals(-status).name})"
        elif why == SILENT:
            why += f" (exit status {status})"
        self.run.say("failed", why, cell, {"fix": self.fix})
        return why
