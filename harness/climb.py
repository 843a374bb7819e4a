"""The climb: which comparisons decide, and how sure each of them has to be.

From the cheapest rung upwards, a step is taken only onto a rung that is shown to be better than
where one stands; a rung that is made of others has to be better than each of them too. So there is
one decision a rung, and only these share the 5 % that a wrong step may have, not every pair.

The share is that of the fallback procedure (Wiens and Dmitrienko 2005): every step has an equal
part of it, and a step that is settled hands its part to the next. It needs nothing of the rungs
above, so that a climb that stops early is as sure as one that went on. That what one stands on is
itself a result makes no difference: `tests/harness/test_climb.py` has the simulation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.experiment import Estimate


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: onto this rung, or not."""

    rung: str
    against: tuple[str, ...]
    """Where one stood, then what the rung is made of."""
    contrasts: float
    """By what p is multiplied: 1 over the step's part of the 5 %."""
    taken: bool


@dataclass(frozen=True, slots=True)
class Climb:
    """Where it ended, and every decision on the way."""

    top: str
    steps: tuple[Step, ...]


def climb(
    names: Sequence[str],
    judge: Callable[[str, str, float], str],
    *,
    made_of: Mapping[str, Sequence[str]],
    planned: int = 0,
) -> Climb:
    """Walk up the ladder.

    Args:
        names: the rungs that have a score, in order of effort; at least one.
        judge: the verdict word of a rung against another, given the number of contrasts that its
            p has to be corrected for.
        made_of: for a rung that joins others, which.
        planned: how many rungs were meant to be measured; those that failed keep their part.
    """
    steps = max(planned, len(names)) - 1
    standing, parts, taken = names[0], 1, []
    for name in names[1:]:
        halves = [half for half in made_of.get(name, ()) if half in names]
        against = tuple(dict.fromkeys((standing, *halves)))
        words = [judge(name, other, steps / parts) for other in against]
        better = all(word == "better" for word in words)
        taken.append(Step(name, against, steps / parts, better))
        parts = parts + 1 if better or all(word == "worse" for word in words) else 1
        standing = name if better else standing
    return Climb(standing, tuple(taken))


def reached(score: Estimate, target: float | None, margin: float, failed: float = 0.0) -> bool:
    """Whether a score is good enough: its interval begins no more than the margin below the target.

    It must not end below the target either: a score can be known so well that it lies between the
    two. Nor may failures hide what is missing: every failed answer counts as a wrong one here.

    Args:
        score: with its 95 % interval.
        target: what was asked for; None where nothing was.
        margin: greatest difference that does not matter.
        failed: share of the questions, 0 to 1, whose answer failed; the score is of the others.
    """
    if score.low is None or target is None:
        return False
    high = 1.0 if score.high is None else score.high
    # by the last digit, .8 - .03 is more than .77
    return score.low * (1 - failed) >= target - margin - 1e-12 and high >= target - 1e-12
