"""Scores and places: what a set of answers makes of the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from advisor.question_types import (
    DONT_KNOW,
    Block,
    Cap,
    Gate,
    Option,
    Question,
    Questionnaire,
    Require,
)
from advisor.recommendation import Reason


class Given(NamedTuple):
    """An answer that counts: asked, and not "I don't know"."""

    question: Question
    option: Option


class Standing(NamedTuple):
    """Scores and places after some answers."""

    order: tuple[str, ...]
    """All candidates: usable ones by score, then held ones by score; a tie goes to the cheaper."""
    scores: Mapping[str, int]
    reasons: tuple[Reason, ...]
    """Strongest first; for each candidate they add up to its score less its baseline."""
    forbidden: frozenset[str]
    """Ruled out by the situation."""
    waiting: frozenset[str]
    """Usable once something has been done first."""
    aim: str
    """The best candidate once everything that can be done first is done."""

    @property
    def held(self) -> frozenset[str]:
        """Candidates that cannot be used now."""
        return self.forbidden | self.waiting


def counted(asked: Questionnaire, answers: Mapping[str, str]) -> tuple[Given, ...]:
    """The answers that count, in the order of the questions."""
    return tuple(
        Given(question, question.option(answers[question.key]))
        for question in asked.visible(answers)
        if answers.get(question.key, DONT_KNOW) != DONT_KNOW
    )


def gates_of(given: Sequence[Given]) -> list[tuple[Given, Gate]]:
    """Every gate of the answers, with the answer it belongs to."""
    return [(one, gate) for one in given for gate in one.option.gates]


def stand(asked: Questionnaire, given: Sequence[Given]) -> Standing:
    """Add the effects up, apply the gates, put the candidates in order."""
    effort = {candidate.key: place for place, candidate in enumerate(asked.candidates)}
    scores, reasons = _scored(asked, given)
    gates = [gate for _, gate in gates_of(given)]
    forbidden = frozenset(rung for gate in gates if isinstance(gate, Block) for rung in gate.rungs)
    waiting = frozenset(rung for gate in gates if isinstance(gate, Require) for rung in gate.before)
    held = forbidden | waiting
    return Standing(
        order=tuple(sorted(effort, key=lambda rung: (rung in held, -scores[rung], effort[rung]))),
        scores=scores,
        reasons=tuple(sorted(reasons, key=lambda reason: -abs(reason.effect))),
        forbidden=forbidden,
        waiting=waiting - forbidden,
        # `min` keeps the first of equals, and `effort` is in the order of effort.
        aim=min(effort, key=lambda rung: (rung in forbidden, -scores[rung])),
    )


def _scored(asked: Questionnaire, given: Sequence[Given]) -> tuple[dict[str, int], list[Reason]]:
    """Baselines plus effects, then caps; and the reason for every point."""
    scores = {candidate.key: candidate.baseline for candidate in asked.candidates}
    reasons: list[Reason] = []

    def move(one: Given, rung: str, points: int) -> None:
        question, option = one
        scores[rung] += points
        reasons.append(
            Reason(question.key, option.key, rung, points, option.because, option.source)
        )

    for one in given:
        for rung, points in one.option.effects:
            move(one, rung, points)
    # Caps come after all effects, the strictest first, so that only the one that bites is named.
    caps = [(one, gate) for one, gate in gates_of(given) if isinstance(gate, Cap)]
    for one, cap in sorted(caps, key=lambda entry: entry[1].at_most):
        for rung in cap.rungs:
            if scores[rung] > cap.at_most:
                move(one, rung, cap.at_most - scores[rung])
    return scores, reasons
