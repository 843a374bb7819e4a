"""The record of a decision: what, by whom, when, why, on what evidence, and what reopens it.

`runs/<run>/decision.json` holds every version, the oldest first; the last one is in force. A change
adds a version, so that nothing that was once decided is lost.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from harness.disk import decode, write_json
from harness.errors import Problem, UserError
from harness.experiment import Experiment
from harness.store import Run, now

FILE = "decision.json"
SCHEMA = 1
NONE, OPEN = "none", "not_decided"
"""What can be decided besides a rung: to do none of it, and to leave it open for now."""
WATCHED = ("change_rate", "volume")
"""Questions of the questionnaire whose answers a decision rests on."""


@dataclass(frozen=True, slots=True)
class Triggers:
    """What reopens a decision. None: not watched."""

    changes_above: float | None = None
    """Changes of the documents a month."""
    volume_above: float | None = None
    """Answers a month."""
    volume_below: float | None = None
    price_moves: float | None = None
    """Per cent by which the cost of an answer moves, up or down."""
    other_model: bool = True
    """Another base model in rungwise.toml."""
    new_data: bool = True
    """A later check on other data."""
    review: str | None = None
    """A date, ISO 8601, on which the decision is looked at again."""
    score_below: float | None = None
    """Share of newer questions that are answered right, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was known when it was decided."""

    run: str
    fingerprint: str
    """Of the task that was measured."""
    model: str
    verdict: str
    """Headline and sentence of the check's verdict."""
    recommended: str
    """By that verdict: a rung, or ``none``."""
    weights: dict[str, float] = field(default_factory=dict)
    """Criterion to its share of the weight; empty where nothing was weighed."""
    first: str | None = None
    """The rung that came first with these weights."""
    answers: dict[str, str] = field(default_factory=dict)
    """The watched questions with their answers."""
    prices: dict[str, float] = field(default_factory=dict)
    """Rung to cost of an answer; empty where no prices were known."""
    currency: str = ""
    """Of those; empty where none was named, or by a version that kept none."""
    configured: str = ""
    """The model that rungwise.toml named then: a check can be of another one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One version of the record."""

    rung: str
    """A rung of the check, ``none`` or ``not_decided``."""
    by: str
    """Untrusted text."""
    why: str
    """In their words. Untrusted text."""
    at: str
    """UTC, ISO 8601."""
    evidence: Evidence
    triggers: Triggers


@dataclass(frozen=True, slots=True)
class History:
    """The file: every version, the oldest first."""

    schema: int
    decisions: tuple[Decision, ...]


def decisions_of(run: Run) -> tuple[Decision, ...]:
    """Every version of a run's decision, the oldest first; empty where none was recorded.

    Raises:
        UserError: the file is damaged, or of another schema version.
    """
    file = run.folder / FILE
    if not file.is_file():
        return ()
    raw = file.read_bytes()
    found = decode(raw, dict[str, Any], file).get("schema")
    if found != SCHEMA:
        raise UserError(
            Problem(
                f"the decision has schema {found}, this version reads {SCHEMA}",
                "use the version of Rungwise that wrote it",
                str(file),
            )
        )
    return decode(raw, History, file).decisions


def decision_of(run: Run) -> Decision | None:
    """The decision in force."""
    found = decisions_of(run)
    return found[-1] if found else None


def record(run: Run, decision: Decision, experiment: Experiment) -> Path:
    """Add a decision to the run's record; earlier ones stay.

    Args:
        run: finished.
        decision: what was decided.
        experiment: the run's, whose rungs can be decided on.

    Raises:
        UserError: everything that is wrong with it, at once; or the file that is there is damaged.
        JobError: it cannot be written.
    """
    problems = problems_with(decision, experiment)
    if problems:
        raise UserError(*problems)
    file = run.folder / FILE
    write_json(file, History(SCHEMA, (*decisions_of(run), decision)))
    return file


def problems_with(decision: Decision, experiment: Experiment) -> list[Problem]:
    """What is wrong with a decision before it is recorded."""
    problems = []
    known = [*experiment.rungs, NONE, OPEN]
    if decision.rung not in known:
        said = f"{decision.rung!r} was not part of this check"
        if not decision.rung:
            said = "nothing is chosen"
        problems.append(Problem(said, f"choose one of {', '.join(known)}", "rung"))
    if not decision.by.strip():
        problems.append(Problem("nobody is named", "say who decided", "by"))
    if not decision.why.strip():
        problems.append(Problem("no reason is given", "say why, in a sentence of your own", "why"))
    return problems + _wrong_triggers(decision.triggers, decision.at) + _unpriced(decision)


def _unpriced(decision: Decision) -> list[Problem]:
    """A price that is watched and was never known cannot move: it would be watched in vain."""
    prices = decision.evidence.prices
    priced = [
        rung for rung, price in prices.items() if price and decision.rung in (rung, NONE, OPEN)
    ]
    if decision.triggers.price_moves is None or priced:
        return []
    said = "what an answer costs is not known, so that it cannot be seen to move"
    fix = "give prices under [prices] in rungwise.toml first, or leave this out"
    return [Problem(said, fix, "price moves")]


def _wrong_triggers(triggers: Triggers, at: str) -> list[Problem]:
    numbers = {
        "changes above": triggers.changes_above,
        "volume above": triggers.volume_above,
        "volume below": triggers.volume_below,
        "price moves": triggers.price_moves,
    }
    problems = [
        Problem(f"{value:g} is no threshold", "write a number of 0 or more", name)
        for name, value in numbers.items()
        if value is not None and not 0 <= value < math.inf
    ]
    if triggers.score_below is not None and not 0 <= triggers.score_below <= 1:
        said = f"{triggers.score_below:g} is no share"
        problems.append(Problem(said, "write a share from 0 to 1, such as 0.7", "score below"))
    above, below = triggers.volume_above, triggers.volume_below
    if above is not None and below is not None and below > above:
        said = f"below {below:g} and above {above:g} leave no volume that is right"
        problems.append(Problem(said, "make the lower threshold the smaller one", "volume"))
    if triggers.review is not None:
        problems += _wrong_date(triggers.review, at)
    return problems


def _wrong_date(given: str, at: str) -> list[Problem]:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return [Problem(f"{given!r} is no date", "write year-month-day: 2027-05-01", "review")]
    # by the clock of whoever decides: the day of the world's clock may be another
    if day <= datetime.fromisoformat(at).astimezone().date():
        return [Problem(f"{given} is not in the future", "choose a later day", "review")]
    return []


def evidence_of(
    experiment: Experiment,
    *,
    weights: Mapping[str, float] | None = None,
    first: str | None = None,
    answers: Mapping[str, str] | None = None,
    prices: Mapping[str, float] | None = None,
    configured: str = "",
) -> Evidence:
    """What a decision rests on, taken down so that it can be held against what comes later."""
    verdict = experiment.verdict
    return Evidence(
        run=experiment.run,
        fingerprint=experiment.task.fingerprint,
        model=experiment.model.get("generator", ""),
        verdict=f"{verdict.get('headline', '')} {verdict.get('sentence', '')}".strip(),
        recommended=str(verdict.get("recommended", NONE)),
        weights=dict(weights or {}),
        first=first,
        answers={key: value for key, value in (answers or {}).items() if key in WATCHED},
        prices=dict(prices or {}),
        configured=configured,
    )


def decided(
    rung: str, by: str, why: str, evidence: Evidence, triggers: Triggers | None = None
) -> Decision:
    """A decision made now."""
    return Decision(rung, by.strip(), why.strip(), now(), evidence, triggers or Triggers())


def changed(versions: Sequence[Decision]) -> int:
    """How often a decision was changed since it was first made."""
    return max(0, len(versions) - 1)
