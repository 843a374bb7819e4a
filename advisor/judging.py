"""Labels and the judge of a run: what the terminal and the page do alike."""

from collections.abc import Callable
from typing import NamedTuple

from advisor import background
from advisor.deciding import project_of
from harness.errors import UserError
from harness.judge.judging import judge_answers
from harness.judge.labels import NEEDED, Label, Opinion, add_label, counted, open_ones
from harness.judge.material import Said
from harness.judge.measure import Judged, write_judged
from harness.judge.rules import sending
from harness.judge.store import Consent, JudgeStore, Pair, Sending
from harness.store import Run, now

LOG = "judge.log"


class Asked(NamedTuple):
    """Which model is to judge, and which it must not be."""

    endpoint: str
    tested: tuple[str, ...]


class Labelling(NamedTuple):
    """Where looking at answers is."""

    next: Said | None
    """None: all have been looked at."""
    done: int
    """Called right or not right."""
    unsure: int
    last: Label | None

    @property
    def enough(self) -> bool:
        """A judge may be asked."""
        return self.done >= NEEDED


class JudgeState(NamedTuple):
    """Where the judge is."""

    running: bool
    sending: Sending | None
    """What it would be sent now; None where something stands against it."""
    obstacle: UserError | None
    agreed: Sending | None
    """What was agreed to last."""
    trouble: tuple[str, str] | None
    """What ended the last sitting in the background, and what to do."""


def asked_of(run: Run) -> Asked:
    """The judge that the run's project names.

    Raises:
        UserError: rungwise.toml is wrong.
    """
    project = project_of(run)
    if project is None:
        return Asked("", ())
    return Asked(project.sections.judge.endpoint, (project.model.generator,))


def labelling(run: Run) -> Labelling:
    """The next answer to look at, and how many have been.

    Raises:
        UserError: the task has closed answers, or a file is damaged.
    """
    store = JudgeStore(run)
    labels = store.labels()
    left = open_ones(store.material.said, labels)
    unsure = sum(label.opinion == "unsure" for label in labels)
    return Labelling(
        next(iter(left), None), counted(labels), unsure, labels[-1] if labels else None
    )


def keep_label(run: Run, said: Said, opinion: Opinion, by: str) -> None:
    """Keep what somebody says of an answer, at once.

    Raises:
        UserError: nobody is named.
        JobError: it cannot be written.
    """
    add_label(run, said, opinion, by)


def take_back(run: Run, last: Label) -> None:
    """Have the last answer looked at once more; what was said of it stays in the file."""
    found = next((one for one in JudgeStore(run).material.said if one.key == last.key), None)
    if found is not None:
        add_label(run, found, "withdrawn", last.by)


def would_send(run: Run, pair: Pair | None = None) -> Sending:
    """What the judge would be sent now; nothing is sent.

    Raises:
        UserError: everything that stands against it, at once.
    """
    asked = asked_of(run)
    return sending(run, asked.endpoint, asked.tested, pair)


def judge(
    run: Run,
    agreed: Sending,
    by: str,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Judged | None:
    """Ask for what is missing, then write `judge/result.json`, also where asking ends early.

    Args:
        run: whose answers.
        agreed: what somebody has seen and said yes to.
        by: who that was.
        on_progress: told how many of how many requests are done.

    Raises:
        UserError: something stands against it; nothing is sent.
        JobError: the address does not answer; what came before is kept.
    """
    try:
        consent = Consent(agreed, by, now())
        judge_answers(run, consent, asked_of(run).tested, on_progress=on_progress)
    finally:
        found = write_judged(run)
    return found


def judge_in_background(run: Run, agreed: Sending, by: str) -> None:
    """The same as a process of its own that outlives the app; its state is on disk."""
    store = JudgeStore(run)
    store.folder.mkdir(parents=True, exist_ok=True)
    arguments = ["judge", str(run.folder), "--yes", agreed.host]
    arguments += ["--by", by] if by else []
    arguments += ["--pair", ",".join(agreed.pair)] if agreed.pair else []
    background.start(arguments, store.folder / LOG, anew=True)


def stop(run: Run) -> None:
    """Ask a process that judges to stop; what it was told is kept."""
    JudgeStore(run).stop_file.touch()


def state(run: Run, pair: Pair | None = None) -> JudgeState:
    """Where the judge is, from what is on disk.

    Args:
        run: finished.
        pair: two rungs that it could be asked to compare as well.
    """
    store = JudgeStore(run)
    wanted, obstacle = None, None
    running = store.is_running()
    consents = store.consents()
    agreed = consents[-1].sending if consents else None
    if running and agreed is not None:
        pair = agreed.pair
    try:
        wanted = would_send(run, pair)
    except UserError as error:
        obstacle = error
    return JudgeState(running, wanted, obstacle, agreed, None if running else _trouble(store))


def _trouble(store: JudgeStore) -> tuple[str, str] | None:
    file = store.folder / LOG
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    fixes = [line.removeprefix("fix: ") for line in lines if line.startswith("fix: ")]
    return (said[-1], fixes[-1]) if said and fixes else None
