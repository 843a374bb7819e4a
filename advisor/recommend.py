"""Answers in, advice out: gates first, then effects. Pure, and explainable to the last point.

The score of a candidate is its baseline plus the points of the answers (`questionnaire.toml`), held
down by caps. Blocked candidates rank below usable ones. A tie goes to the cheaper candidate. The
result is a prior; a check on the user's data gives the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.question_types import (
    DONT_KNOW,
    Block,
    Experiment,
    Option,
    Questionnaire,
    Require,
)
from advisor.questionnaire import questionnaire as shipped_questionnaire
from advisor.recommendation import (
    Axes,
    Blocked,
    Confidence,
    Contradicting,
    Flip,
    NextExperiment,
    Ranked,
    Recommendation,
    Requirement,
    Step,
    ToFindOut,
)
from advisor.standing import Given, Standing, counted, gates_of, stand
from harness.errors import UserError

CLEAR_LEAD = 3
"""Points by which a first place is clear: as much as one strong reason."""

FULL_AXIS = 6
"""Points at which an axis is full: two strong answers."""


def recommend(
    answers: Mapping[str, str], questionnaire: Questionnaire | None = None
) -> Recommendation:
    """What the answers advise.

    Args:
        answers: Question key to option key; a missing question has not been answered.
        questionnaire: The questions; by default those that ship with the program.

    Raises:
        UserError: Unknown questions or options, each with the nearest known name.
    """
    asked = questionnaire or shipped_questionnaire()
    problems = asked.problems(answers)
    if problems:
        raise UserError(*problems)
    given = counted(asked, answers)
    standing = stand(asked, given)
    return Recommendation(
        ranking=_ranking(asked, standing),
        aim=standing.aim,
        reasons=standing.reasons,
        blocked=_blocked(given),
        requirements=_requirements(given, standing),
        would_change_if=_flips(asked, answers, standing.order[0]),
        confidence=_confidence(asked, answers, given, standing),
        contradictions=_contradictions(asked, given),
        next_experiment=_next_experiment(asked, given, standing),
        axes=_axes(given),
        steps=_steps(asked, given),
        to_find_out=tuple(
            ToFindOut(question.key, question.find_out)
            for question in asked.visible(answers)
            if answers.get(question.key) == DONT_KNOW
        ),
    )


def _ranking(asked: Questionnaire, standing: Standing) -> tuple[Ranked, ...]:
    candidates = {candidate.key: candidate for candidate in asked.candidates}
    return tuple(
        Ranked(
            rung=rung,
            title=candidates[rung].title,
            score=standing.scores[rung],
            baseline=candidates[rung].baseline,
            blocked=rung in standing.held,
            reasons=tuple(reason for reason in standing.reasons if reason.rung == rung),
        )
        for rung in standing.order
    )


def _blocked(given: Sequence[Given]) -> tuple[Blocked, ...]:
    blocked: list[Blocked] = []
    for one, gate in gates_of(given):
        key, because = one.question.key, one.option.because
        if isinstance(gate, Block):
            blocked += [Blocked(rung, key, because, gate.lifted_by, False) for rung in gate.rungs]
        elif isinstance(gate, Require):
            blocked += [Blocked(rung, key, because, gate.do, True) for rung in gate.before]
    return tuple(blocked)


def _requirements(given: Sequence[Given], standing: Standing) -> tuple[Requirement, ...]:
    answers = {one.question.key: one.option.key for one in given}
    return tuple(
        Requirement(one.question.key, gate.do, one.option.because, one.option.source, gate.before)
        for one, gate in gates_of(given)
        if isinstance(gate, Require) and gate.is_said(standing.order, answers)
    )


def _contradictions(asked: Questionnaire, given: Sequence[Given]) -> tuple[Contradicting, ...]:
    """Among the answers that count: one to a question that is no longer asked contradicts nothing.

    They stay as they are and keep their points, for which of the two is wrong only the user knows.
    """
    answers = {one.question.key: one.option.key for one in given}
    return tuple(
        Contradicting((one.first.question, one.second.question), one.text)
        for one in asked.contradictions
        if one.holds(answers)
    )


def _axes(given: Sequence[Given]) -> Axes:
    """Points over the most that the answered questions could have given, two strong ones at most.

    Voice and form are different needs for behaviour: either, confirmed by what fails, is a full
    need. Hence the ceiling instead of a mean, which having only one of them would pull down.
    """

    def share(points: Sequence[int], largest: Sequence[int]) -> float | None:
        ceiling = min(FULL_AXIS, sum(largest))
        return min(1.0, sum(points) / ceiling) if ceiling else None

    options = [one.question.options for one in given]
    return Axes(
        knowledge=share(
            [one.option.knowledge for one in given],
            [max(option.knowledge for option in some) for some in options],
        ),
        behaviour=share(
            [one.option.behaviour for one in given],
            [max(option.behaviour for option in some) for some in options],
        ),
    )


def _steps(asked: Questionnaire, given: Sequence[Given]) -> tuple[Step, ...]:
    """The ranking before any answer, and after each one."""
    before = stand(asked, ())
    steps = [_step(None, before, moved=())]
    for count, one in enumerate(given, start=1):
        now = stand(asked, given[:count])
        changed = now.held ^ before.held
        moved = [r for r in now.order if r in changed or now.scores[r] != before.scores[r]]
        steps.append(_step(one, now, moved))
        before = now
    return tuple(steps)


def _step(one: Given | None, now: Standing, moved: Sequence[str]) -> Step:
    return Step(
        question=one.question.key if one else None,
        answer=one.option.key if one else None,
        order=now.order,
        scores=tuple((rung, now.scores[rung]) for rung in now.order),
        moved=tuple(moved),
    )


def _flips(asked: Questionnaire, answers: Mapping[str, str], first: str) -> tuple[Flip, ...]:
    """Single different answers that change the first place, most plausible first.

    What is not known may turn out any way, so open questions come first. Then answers next to the
    given one (options stand in a natural order), then those that differ in the fewest points.
    """
    titles = {candidate.key: candidate.title for candidate in asked.candidates}
    found: list[tuple[tuple[bool, int, int], Flip]] = []
    for question in asked.visible(answers):
        given = question.option(answers.get(question.key, DONT_KNOW))
        known = given.key != DONT_KNOW
        for option in question.options:
            if option.key in (given.key, DONT_KNOW):
                continue
            other = counted(asked, {**answers, question.key: option.key})
            rung = stand(asked, other).order[0]
            if rung == first:
                continue
            steps = abs(question.options.index(option) - question.options.index(given))
            text = (
                f"If “{question.text}” were answered “{option.text}”, "
                f"the advice would be: {titles[rung]}."
            )
            flip = Flip(question.key, given.key if known else None, option.key, rung, text)
            found.append(((known, steps if known else 0, _swing(given, option)), flip))
    # A stable sort on plausibility alone: equals stay in the order of the questions.
    return tuple(flip for _, flip in sorted(found, key=lambda entry: entry[0]))


def _swing(one: Option, other: Option) -> int:
    """Points by which two answers differ."""
    before, after = dict(one.effects), dict(other.effects)
    return sum(abs(after.get(key, 0) - before.get(key, 0)) for key in before.keys() | after.keys())


def _confidence(
    asked: Questionnaire, answers: Mapping[str, str], given: Sequence[Given], standing: Standing
) -> Confidence:
    """How complete the answers are, and how clear the first place is.

    High: every decisive question and three quarters of all are answered, and the lead is clear.
    Low: fewer than half of the decisive ones, or a tie for the first place. Medium otherwise, and
    never more where answers contradict each other.
    """
    visible = asked.visible(answers)
    decisive = sum(question.decisive for question in visible)
    known = sum(one.question.decisive for one in given)
    # of what the answers point to, which may have to wait for something, and not of what can be
    # used today: that may be another candidate with another lead
    others = [one for one in standing.order if one not in (standing.aim, *standing.forbidden)]
    lead = standing.scores[standing.aim] - max((standing.scores[one] for one in others), default=0)
    at_odds = len(_contradictions(asked, given))
    complete = known == decisive and 4 * len(given) >= 3 * len(visible)
    if 2 * known < decisive or lead == 0:
        level = "low"
    elif complete and lead >= CLEAR_LEAD and not at_odds:
        level = "high"
    else:
        level = "medium"
    distance = (
        f"this candidate leads by {lead} point{'s' if lead > 1 else ''}"
        if lead
        else "two candidates are level, so the cheaper one is named"
    )
    return Confidence(
        level=level,
        share=known / decisive if decisive else 1.0,
        lead=lead,
        text=(
            f"{level.capitalize()}: {known} of {decisive} deciding questions are answered "
            f"({len(given)} of {len(visible)} in all), and {distance}. "
            + ("Some answers contradict each other. " if at_odds else "")
            + "This is general experience, not a measurement: only a check on your own data can "
            "confirm it."
        ),
    )


def _next_experiment(
    asked: Questionnaire, given: Sequence[Given], standing: Standing
) -> NextExperiment | None:
    """The cheapest measurement that is due, or else that tells the aim from its nearest rival.

    A test of the aim itself comes before a test of the rival: it shows whether the advice holds.
    """
    answers = {one.question.key: one.option.key for one in given}
    for experiment in asked.experiments:
        until = experiment.until
        if until is not None and answers.get(until.question) not in until.any_of:
            return _next(experiment)
    contenders = [rung for rung in standing.scores if rung not in standing.forbidden]
    rivals = [rung for rung in contenders if rung != standing.aim]
    rival = max(rivals, key=lambda rung: standing.scores[rung], default=standing.aim)
    for one, other in ((standing.aim, rival), (rival, standing.aim)):
        for experiment in asked.experiments:
            if one in experiment.separates and other not in experiment.separates:
                return _next(experiment)
    return None


def _next(experiment: Experiment) -> NextExperiment:
    return NextExperiment(experiment.key, experiment.text, experiment.because, experiment.source)
