"""The values of a recommendation: a ranking, and everything that explains it.

All plain (str, int, float, tuples), so `dataclasses.asdict` gives what the JSON report needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What one answer did to the score of one candidate."""

    question: str
    answer: str
    rung: str
    effect: int
    """Points; negative against it. A cap appears as the points it took away."""
    because: str
    """Completes "… because …"."""
    source: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """One place in the ranking."""

    rung: str
    title: str
    score: int
    """The baseline plus the effects of all reasons."""
    baseline: int
    blocked: bool
    """Cannot be used, or has to wait: then it stands below everything that can be used now."""
    reasons: tuple[Reason, ...]
    """Strongest first."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A rung that cannot be used now."""

    rung: str
    question: str
    because: str
    lifted_by: str
    waiting: bool
    """True when doing something first lifts it; False when the situation itself forbids it."""

    @property
    def why(self) -> str:
        """Why not now, and what lifts it, as the end of a sentence on the rung."""
        lifts = f"{'First' if self.waiting else 'It would take'}: {self.lifted_by.rstrip('.')}."
        return f"{self.because}. {lifts}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something to do first."""

    question: str
    do: str
    because: str
    source: str
    before: tuple[str, ...]
    """Rungs that wait for it."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A single different answer that changes the first place."""

    question: str
    given: str | None
    """The present answer; None when there is none or it is "I don't know"."""
    other: str
    rung: str
    """The first place with the other answer."""
    text: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far the answers carry the advice. Never more than a prior."""

    level: str
    """`low`, `medium` or `high`."""
    share: float
    """Share of the decisive questions that are answered, 0–1."""
    lead: int
    """Points between the first place and the best other candidate that can be used now."""
    text: str


@dataclass(frozen=True, slots=True)
class NextExperiment:
    """The cheapest measurement that would tell most."""

    key: str
    text: str
    because: str
    source: str


@dataclass(frozen=True, slots=True)
class Axes:
    """The case as a point. None: no answer says anything about that axis."""

    knowledge: float | None
    """x: how far knowledge is missing, 0–1."""
    behaviour: float | None
    """y: how far behaviour has to change, 0–1."""

    @property
    def words(self) -> tuple[str, str]:
        """Both where there is no picture, by thirds: `knowledge high`, `behaviour not known`."""
        return f"knowledge {_third(self.knowledge)}", f"behaviour {_third(self.behaviour)}"


def _third(value: float | None) -> str:
    if value is None:
        return "not known"
    return "low" if value < 1 / 3 else "middling" if value < 2 / 3 else "high"


@dataclass(frozen=True, slots=True)
class Step:
    """The ranking after one more answer."""

    question: str | None
    """None: before any answer."""
    answer: str | None
    order: tuple[str, ...]
    """All candidates, best first."""
    scores: tuple[tuple[str, int], ...]
    """(candidate, score), in the order of `order`."""
    moved: tuple[str, ...]
    """The candidates that this answer gave points, took points from, blocked or made wait."""


@dataclass(frozen=True, slots=True)
class ToFindOut:
    """What to find out about a question answered with "I don't know"."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Contradicting:
    """Two answers that cannot well hold together."""

    questions: tuple[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The prior: what the answers say before anything is measured."""

    ranking: tuple[Ranked, ...]
    """All candidates: usable ones by score, then blocked ones. A tie goes to the cheaper."""
    aim: str
    """The best candidate once everything in `requirements` is done: where the answers point.
    Compare evidence with this one; the first place may only be the step before it."""
    reasons: tuple[Reason, ...]
    """Strongest first."""
    blocked: tuple[Blocked, ...]
    requirements: tuple[Requirement, ...]
    """In the order of the questions."""
    would_change_if: tuple[Flip, ...]
    """Most plausible first."""
    confidence: Confidence
    next_experiment: NextExperiment | None
    """None only when the questionnaire has no experiment that would tell anything."""
    axes: Axes
    steps: tuple[Step, ...]
    """From the start through every answer, in the order of the questions."""
    to_find_out: tuple[ToFindOut, ...]
    contradictions: tuple[Contradicting, ...] = ()
    """Empty also where the advice is from before they were looked for."""

    @property
    def first(self) -> str:
        """The candidate in the first place."""
        return self.ranking[0].rung
