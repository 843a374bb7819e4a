"""How far a check is, read from what the run has on disk: pages may come and go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from advisor.numbers import seconds
from advisor.result_file import EXPERIMENT
from advisor.scored_words import against_words, score_words, scores_of, short_score
from advisor.training_figures import (
    Look,
    Loss,
    Pace,
    look_words,
    looks_of,
    losses_of,
    pace_of,
)
from harness.beside import run_of
from harness.ceilings import arm_title
from harness.cell import parse_cell
from harness.effort import effort_of
from harness.floors import FLOORS
from harness.learning import result as learning
from harness.probe_measuring import cells_of
from harness.probe_result import RESULT
from harness.runner import is_running
from harness.store import Event, Plan, Run
from harness.watch import STARTING, STARTING_PROBE

State = Literal["starting", "running", "finished", "stopped"]
START_S = 30.0
"""A process that has not reported by then did not start."""
TRAINING_SHARE = 0.6
"""Of the work of a rung that trains; answering is the rest."""


IN_TRAINING = ("Training", "Testing on dev", "Tested on dev")
"""Events of a training that somebody may end."""


@dataclass(frozen=True, slots=True)
class CellProgress:
    """How far one rung at one seed is."""

    cell: str
    rung: str
    seed: int
    title: str
    state: Literal["waiting", "working", "finished", "failed"]
    doing: str
    """What it is at, or how it ended; a line."""
    share: float
    """0–1, for a bar."""
    left_s: float | None
    """Seconds left for what it is at; None when that cannot be told yet."""
    losses: tuple[Loss, ...]
    fix: str
    """What to do where it failed."""
    looks: tuple[Look, ...] = ()
    pace: Pace | None = None
    """None where nothing was trained yet."""
    training: bool = False
    """It is training now, so it can be told to use what it has."""
    score: str = ""
    """Of all its seeds on the held-out questions, once they are finished; a phrase."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    state: State
    cells: tuple[CellProgress, ...]
    """Rungs and ceilings, in the order they run."""
    log: tuple[str, ...]
    """Everything that was reported, a line each."""
    scores: str = ""
    """What told scores are of, and to be held against; sentences, none before there is one."""
    remarks: tuple[str, ...] = ()
    """What was said of the whole check, such as that a climb has stopped; each once."""

    @property
    def working(self) -> CellProgress | None:
        """The rung that is being worked on."""
        return next((cell for cell in self.cells if cell.state == "working"), None)

    @property
    def waiting(self) -> int:
        """How many rungs are still to come."""
        return sum(cell.state == "waiting" for cell in self.cells)


def progress(run: Run) -> RunProgress:
    """How far a run is."""
    plan = run.plan()
    names = [name for name in plan.cells if parse_cell(name)[0] not in FLOORS]
    events, _ = run.events()
    return _progress(run, plan, names, events, state_of(run, events))


def probe_progress(store: Run) -> RunProgress:
    """How far a probe is: its folder holds cells and events as a run's does."""
    events, _ = store.events()
    state = state_of(store, events, RESULT)
    return _progress(store, run_of(store).plan(), cells_of(store), events, state)


def curve_progress(store: Run) -> RunProgress:
    """How far a learning curve is: trainings of one rung on more and more rows."""
    curve, plan = learning.plan_of(store), run_of(store).plan()
    assert curve is not None  # begin has written it
    # the learning rate is the check's, so one is tried
    plan = replace(plan, tuning=replace(plan.tuning, learning_rate=plan.tuning.learning_rate or 1))
    events, _ = store.events()
    now = _progress(store, plan, curve.cells, events, state_of(store, events, learning.RESULT))
    title = arm_title(curve.rung)
    cells = (
        replace(cell, rung=curve.rung, title=f"{title}, {learning.rows_of(cell.cell):,} rows")
        for cell in now.cells
    )
    return replace(now, cells=tuple(cells))


def _progress(
    run: Run, plan: Plan, names: Sequence[str], events: Sequence[Event], state: State
) -> RunProgress:
    several = plan.seeds > 1
    scored = scores_of(events)
    alive = state in ("starting", "running")
    cells = [_cell(run, plan, name, events, alive) for name in names]
    return RunProgress(
        state=state,
        cells=tuple(cells),
        log=tuple(_line(event, several) for event in events),
        scores=against_words(scored) if scored else "",
        remarks=tuple(dict.fromkeys(one.message for one in _since(events) if _is_remark(one))),
    )


def _since(events: Sequence[Event]) -> Sequence[Event]:
    """What was said since a process was last set to the whole: before it, other plans held."""
    starts = [at for at, event in enumerate(events) if not event.cell and _is_start(event)]
    return events[starts[-1] :] if starts else events


def _is_start(event: Event) -> bool:
    return event.kind == "started" or event.message in (STARTING, STARTING_PROBE)


def _is_remark(event: Event) -> bool:
    """Said of the whole, not of a cell, and still worth reading later."""
    return (
        event.kind == "doing" and not event.cell and event.message not in (STARTING, STARTING_PROBE)
    )


def state_of(run: Run, events: Sequence[Event] | None = None, result: str = EXPERIMENT) -> State:
    """Whether a process works on a run, has finished it and written its result, or is gone."""
    if is_running(run):
        return "running"
    last = next(reversed(run.events()[0] if events is None else events), None)
    if last is not None and last.message in (STARTING, STARTING_PROBE) and _age(last) < START_S:
        return "starting"
    return "finished" if (run.folder / result).is_file() else "stopped"


def ask_to_stop(run: Run) -> bool:
    """Ask the process at work on a run, or just starting, to stop. False when there is none."""
    if state_of(run) not in ("starting", "running"):
        return False
    run.cancel_file.touch()
    return True


def _age(event: Event) -> float:
    then = datetime.fromisoformat(event.at)
    return (datetime.now(then.tzinfo) - then).total_seconds()


def _cell(run: Run, plan: Plan, name: str, events: Sequence[Event], alive: bool) -> CellProgress:
    rung, seed = parse_cell(name)
    title = arm_title(rung)
    of_cell = [event for event in events if event.cell == name]
    scores = scores_of(of_cell)
    own = [event for event in of_cell if event.kind != "scored"]  # that is not its own word
    starts = [place for place, event in enumerate(own) if event.kind == "started"]
    # a process can die before it says that it started; then its only word is how
    last = own[starts[-1] :] if starts else own
    losses = losses_of(own)
    state, doing, share, left, fix = _standing(run, plan, name, last, losses, alive)
    training = state == "working" and last[-1].message in IN_TRAINING
    return CellProgress(
        name, rung, seed, title, state, doing, share, left, losses, fix,
        looks_of(own), pace_of(own), training, short_score(scores[-1]) if scores else "",
    )  # fmt: skip


_Standing = tuple[
    Literal["waiting", "working", "finished", "failed"], str, float, float | None, str
]


def _standing(
    run: Run,
    plan: Plan,
    name: str,
    last: Sequence[Event],
    losses: Sequence[Loss],
    alive: bool,
) -> _Standing:
    """State, words, share, seconds left and fix of a cell, from its last start on."""
    if run.finished(name):
        return "finished", _took(last), 1.0, None, ""
    if not last:
        return "waiting", "", 0.0, None, ""
    event = last[-1]
    if event.kind == "failed":
        return "failed", event.message, 0.0, None, str(event.figures.get("fix", ""))
    trained = TRAINING_SHARE if losses else 0.0
    if event.kind == "answered":
        done, total = int(event.figures["done"]), int(event.figures["total"])
        words = f"answering, {done:,} of {total:,}"
        share = trained + (1 - trained) * done / max(1, total)
        left = _answering_left(last, total)
    elif event.message == "Training":
        figures = event.figures
        tried, tries = _tries(plan, losses)
        words = f"training, step {figures['step']:,} of {figures['steps']:,}"
        if tries > 1:
            words += f", learning rate {tried} of {tries}"
        part = (tried - 1 + figures["step"] / max(1, figures["steps"])) / tries
        share, left = trained * part, float(figures["seconds_left"])
    else:
        words, left = event.message[:1].lower() + event.message[1:] or "starting", None
        share = trained * max(0, _tries(plan, losses)[0] - 1) / max(1, _tries(plan, losses)[1])
    if alive:
        return "working", words, share, left, ""
    return "waiting", f"stopped while {words}" if words != "starting" else "", share, None, ""


def _took(last: Sequence[Event]) -> str:
    """How long a finished cell took, since it was last started."""
    if not last or last[-1].kind != "finished":
        return "done"
    return f"done in {seconds(_age(last[0]) - _age(last[-1]))}"


def _tries(plan: Plan, losses: Iterable[Loss]) -> tuple[int, int]:
    """Which learning rate is being tried, and how many there are to try."""
    tried = len({loss.learning_rate for loss in losses})
    return tried, max(tried, effort_of(plan.effort, plan.tuning).learning_rates)


def _answering_left(last: Sequence[Event], total: int) -> float | None:
    """Seconds left at the pace since this process began to answer."""
    answered = [event for event in last if event.kind == "answered"]
    first, now = answered[0], answered[-1]
    gained = int(now.figures["done"]) - int(first.figures["done"])
    seconds = _age(first) - _age(now)
    if gained <= 0 or seconds <= 0:
        return None
    return (total - int(now.figures["done"])) * seconds / gained


def _line(event: Event, several: bool) -> str:
    """An event as a line of the log."""
    at = datetime.fromisoformat(event.at).astimezone().strftime("%H:%M:%S")
    rung, seed = parse_cell(event.cell) if event.cell else ("check", 0)
    one = several and event.cell and event.kind != "scored"  # a score is of all of them
    who = f"{rung} (seed {seed})" if one else rung
    figures: dict[str, Any] = event.figures
    words = event.message
    if event.kind == "answered":
        words = f"answered {figures['done']} of {figures['total']}"
    elif event.message == "Training":
        words = (
            f"training, step {figures['step']} of {figures['steps']}, loss {figures['loss']:.3f}, "
            f"{figures['tokens_per_s']:.0f} tokens a second"
        )
    elif event.kind == "scored":
        words = score_words(event)
    elif looks := looks_of([event]):
        words = look_words(looks[0])
    elif not words:
        words = event.kind
    return f"{at}  {who}: {words}"
