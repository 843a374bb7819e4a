"""Which of the things that reopen a decision have come to pass; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from advisor.decision import NONE, OPEN, Decision
from advisor.numbers import as_set, in_sentence
from advisor.project import Project
from advisor.questionnaire import questions
from harness.experiment import Experiment
from harness.rungs import title_of

Kind = Literal["model", "review", "answers", "changes", "volume", "price", "drift", "data", "later"]
CHANGES_AT_LEAST = {"never": 0.0, "yearly": 1 / 12, "monthly": 1.0, "daily": 4.0}
"""Changes a month that an answer to `change_rate` says there are at least."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One thing that came to pass."""

    kind: Kind
    text: str
    """One sentence; it can hold untrusted text."""


@dataclass(frozen=True, slots=True)
class Later:
    """What is known by now. None or empty: nothing new."""

    today: date
    answers: Mapping[str, str] | None = None
    """Of the questionnaire, as they are now."""
    experiment: Experiment | None = None
    """A later check of the same project."""
    prices: Mapping[str, float] | None = None
    """Rung to cost of an answer."""
    currency: str = ""
    """Of those, where one is named."""
    changes: float | None = None
    """Changes of the documents a month, counted."""
    volume: float | None = None
    """Answers a month, counted."""
    newer_score: float | None = None
    """Share of right answers to newer questions, counted."""


def triggered(decision: Decision, project: Project | None, later: Later) -> tuple[Fired, ...]:
    """What speaks for opening a decision again.

    Args:
        decision: the one in force.
        project: as it is now; None where the run lies apart from one.
        later: what is known by now.
    """
    found = [
        _model(decision, project),
        _review(decision, later),
        *_answers(decision, later),
        _changes(decision, later),
        _volume(decision, later),
        _price(decision, later),
        _drift(decision, later),
        *_later(decision, later),
    ]
    return tuple(one for one in found if one is not None)


def unseen(decision: Decision, later: Later) -> tuple[str, ...]:
    """What is watched and cannot be seen as things stand: a sentence each, with what to do.

    Args:
        decision: the one in force.
        later: what is known by now.
    """
    watched = decision.triggers
    told = []
    if watched.changes_above is not None and _changes_known(later) is None:
        told.append(
            "How often the documents change is not known: write changes_per_month under [prices] "
            "in rungwise.toml, or answer that question."
        )
    if (watched.volume_above, watched.volume_below) != (None, None) and later.volume is None:
        told.append(
            "How many answers are needed a month is not known: write answers_per_month under "
            "[prices] in rungwise.toml."
        )
    if watched.price_moves is not None and _other_currency(decision, later):
        told.append(
            f"Prices are in {later.currency} now and were in {decision.evidence.currency} when it "
            "was decided: decide anew, or give them in the same currency."
        )
    elif watched.price_moves is not None and not _moves(decision, later):
        told.append(
            "What an answer costs now is not known: see the prices under [prices] in rungwise.toml."
        )
    if watched.score_below is not None and later.newer_score is None:
        told.append(
            "How many newer questions go right is not known: count some, and write newer_score "
            "under [check] in rungwise.toml."
        )
    return tuple(told)


def _model(decision: Decision, project: Project | None) -> Fired | None:
    before = decision.evidence.model
    if not decision.triggers.other_model or project is None or not before:
        return None
    after = project.model.generator
    if after in (before, decision.evidence.configured):
        return None
    return Fired("model", f"The base model is {after} now; it was decided on {before}.")


def _review(decision: Decision, later: Later) -> Fired | None:
    day = decision.triggers.review
    if day is None or later.today < date.fromisoformat(day):
        return None
    return Fired("review", f"The review date, {day}, has come.")


def _answers(decision: Decision, later: Later) -> list[Fired]:
    """Watched questions that are answered differently now."""
    if later.answers is None:
        return []
    fired = []
    for key, before in decision.evidence.answers.items():
        after = later.answers.get(key, before)
        if after != before:
            said, says = _option(key, before), _option(key, after)
            what = {"change_rate": "how often the knowledge changes"}.get(key, "the volume")
            fired.append(
                Fired("answers", f"The answer on {what} was “{said}” and is “{says}” now.")
            )
    return fired


def _option(key: str, option: str) -> str:
    asked = next(question for question in questions() if question.key == key)
    return next((one.text for one in asked.options if one.key == option), "not known")


def _changes(decision: Decision, later: Later) -> Fired | None:
    most = decision.triggers.changes_above
    if most is None:
        return None
    known = _changes_known(later)
    if known is None or known <= most:
        return None
    at_least = "" if later.changes is not None else "at least "
    text = f"The documents change {at_least}{known:.3g} times a month, more than {most:g}."
    return Fired("changes", text)


def _changes_known(later: Later) -> float | None:
    """Changes a month, counted, or at the least by the answers."""
    if later.changes is not None:
        return later.changes
    return CHANGES_AT_LEAST.get((later.answers or {}).get("change_rate", ""))


def _volume(decision: Decision, later: Later) -> Fired | None:
    if later.volume is None:
        return None
    above, below = decision.triggers.volume_above, decision.triggers.volume_below
    if above is not None and later.volume > above:
        return Fired("volume", f"{later.volume:,.0f} answers a month, more than {above:,.0f}.")
    if below is not None and later.volume < below:
        return Fired("volume", f"{later.volume:,.0f} answers a month, fewer than {below:,.0f}.")
    return None


def _price(decision: Decision, later: Later) -> Fired | None:
    """The price of the decided rung; of all rungs the one that moved most where none was."""
    most, moves = decision.triggers.price_moves, _moves(decision, later)
    if most is None or not moves:
        return None
    rung = max(moves, key=lambda name: abs(moves[name]))
    if abs(moves[rung]) <= most:
        return None
    word = "more" if moves[rung] > 0 else "less"
    text = (
        f"An answer of {in_sentence(title_of(rung))} costs {abs(moves[rung]):.0f} % {word} than "
        f"when it was decided; watched was {most:g} %."
    )
    return Fired("price", text)


def _drift(decision: Decision, later: Later) -> Fired | None:
    least, found = decision.triggers.score_below, later.newer_score
    if least is None or found is None or found >= least:
        return None
    text = f"Of newer questions {as_set(found)} were answered right, fewer than {as_set(least)}."
    return Fired("drift", text)


def _other_currency(decision: Decision, later: Later) -> bool:
    """Whether the two are known to be in different currencies."""
    before, now = decision.evidence.currency.strip(), later.currency.strip()
    return bool(before and now) and before.casefold() != now.casefold()


def _moves(decision: Decision, later: Later) -> dict[str, float]:
    """Rung to per cent by which an answer costs more than when it was decided."""
    before, now = decision.evidence.prices, later.prices or {}
    if _other_currency(decision, later):
        return {}
    rungs = [decision.rung] if decision.rung not in (NONE, OPEN) else list(before)
    return {
        rung: (now[rung] / before[rung] - 1) * 100
        for rung in rungs
        if before.get(rung) and rung in now
    }


def _later(decision: Decision, later: Later) -> list[Fired]:
    """A later check: on other data, or with another verdict."""
    found = later.experiment
    if found is None or found.run == decision.evidence.run:
        return []
    fired = []
    if decision.triggers.new_data and found.task.fingerprint != decision.evidence.fingerprint:
        text = f"The data has changed: check {found.run} was made on another task or split."
        fired.append(Fired("data", text))
    advised = str(found.verdict.get("recommended", NONE))
    # a check that left the decided rung out cannot speak against it
    measured = decision.rung == NONE or decision.rung in found.scored
    if (
        decision.rung != OPEN
        and measured
        and advised not in (decision.rung, decision.evidence.recommended)
    ):
        what = "none of the rungs" if advised == NONE else in_sentence(title_of(advised))
        fired.append(Fired("later", f"A later check, {found.run}, points to {what}."))
    return fired
