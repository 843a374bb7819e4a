"""What a check will take, before it is started and kept with it."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from advisor.project import Project
from advisor.ready import require_ready
from harness.disk import write_json
from harness.errors import JobError, Problem, RungwiseError
from harness.estimate import CheckNeed, estimate
from harness.models import EMBEDDED, unpacked
from harness.settings import CheckSettings
from harness.showing import Showing, showing
from harness.store import Run
from harness.types import Task

FORETOLD = "estimate.json"
"""File in the run's folder: what the check was expected to take."""


class Forecast(NamedTuple):
    """What is known of a check before it is started."""

    need: CheckNeed | None
    """Time and memory; None for a model at an endpoint."""
    shows: Showing


def estimate_check(
    project: Project,
    *,
    settings: CheckSettings | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Forecast:
    """What a check takes and can show, before it is started.

    Args:
        project: its data is imported.
        settings: default is what rungwise.toml says.
        say: told about work that takes seconds.

    Raises:
        UserError: everything that stands against a check, at once.
        JobError: this machine's speed could not be measured.
    """
    chosen = settings or project.settings()
    loaded = require_ready(project, "estimate", chosen)
    assert loaded is not None and loaded.task is not None  # settings were given: of a new run
    task = loaded.task
    unpack_model(chosen.generator, say)
    need = estimate(project.root, task, chosen, say)
    return Forecast(need, showing(task.heldout, task.spec))


def measure_in_background(project: Project) -> threading.Thread:
    """Measure this machine for the project's model while a page is looked at.

    Whoever holds the thread sees whether it still works; what it found is kept on disk, and an
    error is said by the check itself.
    """

    def work() -> None:
        with contextlib.suppress(RungwiseError):
            estimate_check(project)

    thread = threading.Thread(target=work, name="speed", daemon=True)
    thread.start()
    return thread


def foretell(
    project: Project, run: Run, task: Task, settings: CheckSettings, say: Callable[[str], None]
) -> None:
    """Keep with a new run what it is expected to take; one that cannot be foretold can be run."""
    try:
        need = estimate(project.root, task, settings, say)
    except RungwiseError as error:
        say(f"How long it will take is not known: {error.problems[0]}")
        return
    if need is not None:
        write_json(run.folder / FORETOLD, need)


def foretold(run: Run) -> CheckNeed | None:
    """What was foretold of a run; None where nothing was."""
    file = run.folder / FORETOLD
    if not file.is_file():
        return None
    with contextlib.suppress(msgspec.MsgspecError):  # of another version: it is only a forecast
        return msgspec.json.decode(file.read_bytes(), type=CheckNeed)
    return None


def unpack_model(name: str, say: Callable[[str], None] = lambda line: None) -> None:
    """Convert an embedded model, once, in a process of its own.

    Whoever starts a check stays without torch, which would hold a gigabyte until its end.

    Raises:
        JobError: it could not be made ready.
    """
    if name not in EMBEDDED or unpacked(name):
        return
    say("Unpacking the embedded language model (once, about half a minute) …")
    command = [sys.executable, "-m", "advisor", "models", "pull", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no word from it"]
        raise JobError(Problem(said[-1], f"run: rungwise models pull {name}", name))
