"""Which rung the evidence speaks for, and by which rule.

Pure. Where the user said what is good enough, the lowest rung that reaches it. Otherwise the climb
(`harness.climb`), and from where it ends down to the lowest rung that is shown to be no worse by
the margin: a rung that costs more to build and keep must give something for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from advisor.measured import (
    best_scored,
    failed_share,
    floor_contrast,
    headline_score,
    no_better,
    seems_better,
)
from harness.climb import Climb, climb, reached
from harness.experiment import Contrast, Experiment
from harness.rungs import rungs

Why = Literal["target", "climb", "no worse", "floor"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A rung, and why it and not another."""

    rung: str
    why: Why
    top: str
    """Where the climb ended; another rung than the chosen one where that is no worse."""
    ahead: str | None
    """The rung that seems most ahead without being shown to be worth its effort, if one does."""
    below: str | None = None
    """Where the climb stood before its last step, which is onto this rung, if one was taken."""


def choose(experiment: Experiment) -> Choice:
    """The choice of an experiment with at least one rung."""
    good = _good_enough(experiment)
    if good is not None:
        return Choice(good, "target", good, None)
    found = _climbed(experiment, experiment.scored)
    if beats_floor(experiment, found.rung) is not False:
        return found
    # the floor is the rung below the ladder: of two rungs that are level with each other, only one
    # may be shown to beat it; or the one that leads does, and not the one where the climb stands
    for shown in (True, False):
        names = experiment.scored
        beating = [one for one in names if beats_floor(experiment, one, shown=shown)]
        if beating:
            return replace(_climbed(experiment, beating), why="floor")
    return found


def _climbed(experiment: Experiment, scored: Sequence[str]) -> Choice:
    """The climb over some of the rungs, and down to the lowest one that is no worse."""
    walk = _walk(experiment, scored)
    top = walk.top
    names = list(scored)
    for name in names[: names.index(top)] if top in names else ():
        contrast = experiment.contrast(name, top)
        if contrast is not None and contrast.non_inferior:
            return Choice(name, "no worse", top, _ahead(experiment, name))
    below = next((step.against[0] for step in walk.steps if step.taken and step.rung == top), None)
    return Choice(top, "climb", top, _ahead(experiment, top), below)


def _walk(experiment: Experiment, scored: Sequence[str]) -> Climb:
    """The climb, read off the verdict words that were stored.

    A rung without a score is neither stood on nor in the way; where none has one, it is the first.
    """
    names = scored or tuple(experiment.rungs)[:1]

    def word(a: str, b: str, contrasts: float) -> str:
        found = experiment.contrast(a, b)
        return found.verdict if found else "inconclusive"

    made_of = {name: rung.made_of for name, rung in rungs().items()}
    return climb(names, word, made_of=made_of)


def not_good_enough(experiment: Experiment, choice: Choice) -> bool:
    """Without a score, shown to miss the target, or not shown to beat doing without a model.

    The floor is the rung below the ladder, so that the first step onto it has to be shown as well.
    """
    if not experiment.scored or misses_target(experiment, choice.rung):
        return True
    return beats_floor(experiment, choice.rung) is False


def standing_on(experiment: Experiment, choice: Choice) -> str:
    """The rung that costs and remarks are of: the chosen one, or where none is advised the nearest.

    The nearest need not be where the climb ended: a higher rung may have scored more without being
    shown to be better.
    """
    short = bool(experiment.scored) and not_good_enough(experiment, choice)
    return best_scored(experiment) if short else choice.rung


def beats_floor(experiment: Experiment, rung: str, *, shown: bool = False) -> bool | None:
    """Whether a rung is ahead of the best that is done without a language model.

    Args:
        experiment: as it was measured.
        rung: one of it.
        shown: a lead that is not shown once all comparisons count is none.

    Returns:
        None where there is nothing to compare with.
    """
    floor = floor_contrast(experiment, rung)
    if floor is None or floor.difference is None:
        return None
    return floor.verdict == "better" or (not shown and seems_better(floor))


def floor_not_settled(experiment: Experiment, rungs: Sequence[str]) -> bool:
    """Whether more items might show that one of some rungs beats the floor."""
    floors = [floor_contrast(experiment, name) for name in rungs]
    return any(
        floor is not None and floor.verdict == "inconclusive" and not no_better(floor)
        for floor in floors
    )


def misses_target(experiment: Experiment, rung: str) -> bool:
    """Whether a rung is shown to score less than was asked for."""
    target = experiment.task.target
    return target is not None and headline_score(experiment, rung)[2] < target


def may_reach(experiment: Experiment, choice: Choice) -> tuple[str, ...]:
    """The rungs of which it is open whether they reach the target that was set.

    Where one is advised, that one alone counts; where none is, each that may yet be good enough.
    """
    if experiment.task.target is None or choice.why == "target":
        return ()
    if not not_good_enough(experiment, choice):
        return () if misses_target(experiment, choice.rung) else (choice.rung,)
    return tuple(
        name
        for name in experiment.scored
        if not misses_target(experiment, name)
        # what is shown to be no better than the floor is not advised, whatever it reaches
        and (beats_floor(experiment, name) is not False or floor_not_settled(experiment, [name]))
    )


def is_enough(experiment: Experiment, choice: Choice) -> bool:
    """Whether no more than the chosen rung is needed: that is shown, and not for want of evidence.

    It reaches the target; or no target is open, and no other rung can be better by a difference
    that matters.
    """
    if choice.why == "target":
        return True
    others = [name for name in experiment.scored if name != choice.rung]
    rivals = [experiment.contrast(name, choice.rung) for name in others]
    return (
        bool(rivals)
        and not may_reach(experiment, choice)
        and all(one is not None and no_better(one) for one in rivals)
    )


def halves_not_beaten(experiment: Experiment, joined: str) -> tuple[Contrast, ...]:
    """A rung against each that it is made of and that it is not shown to be better than."""
    parts = rungs()[joined].made_of if joined in rungs() else ()
    found = (experiment.contrast(joined, one) for one in parts if one in experiment.scored)
    return tuple(one for one in found if one is not None and one.verdict != "better")


def _good_enough(experiment: Experiment) -> str | None:
    """The lowest rung that reaches the target and is not what needs no model at all."""
    task = experiment.task
    for name, arm in experiment.rungs.items():
        failed = failed_share(experiment, arm)
        good = reached(arm.scores[task.metric], task.target, task.margin, failed)
        if good and beats_floor(experiment, name) is not False:
            return name
    return None


def _ahead(experiment: Experiment, chosen: str) -> str | None:
    """A rung above that may well be better.

    Its interval leaves out 0, but not once all comparisons count; or it is better than where the
    climb stands and not shown to be better than a rung it is made of.
    """
    names = list(experiment.rungs)
    rivals = [experiment.contrast(name, chosen) for name in names if name != chosen]
    ahead = [
        c
        for c in rivals
        if c is not None
        and not c.non_superior
        and (seems_better(c) or (c.verdict == "better" and names.index(c.a) > names.index(chosen)))
    ]
    return max(ahead, key=lambda c: c.difference or 0.0).a if ahead else None
