"""Whether a rung's answers are held to those the task allows: chosen on dev, like any setting.

The `constrained` rung is the plain prompt with that; here every other rung whose task has closed
answers may have it too. A rung that only fails by saying "It is spam." for "spam" would otherwise
look worse than it is, and the rung above it better.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from harness.choosing import choose
from harness.closed_answers import CLOSED, constraint_of
from harness.compare import paired
from harness.errors import RungwiseError
from harness.generators.local import LocalGenerator
from harness.given import ALWAYS, ON_DEV
from harness.intervals import mean_interval
from harness.scoring import Scored
from harness.types import Json
from harness.workbench import Workbench
from tuning.constrain import Constraint
from tuning.errors import TuningError

FREE, HELD = "free", "allowed answers only"
_WORDS = {FREE: "free answers", HELD: HELD}
GAIN = "held_against_free"
"""In a rung's effort: the paired difference on dev."""


class Decoding(NamedTuple):
    """How a rung's answers come about."""

    constraint: Constraint | None
    settings: dict[str, Json]
    """Nothing where the task leaves no choice."""
    effort: dict[str, Json]
    scored: Scored | None = None
    """Dev under it; None where nothing was tried."""


def choose_decoding(
    bench: Workbench,
    score: Callable[[Constraint | None], Scored],
    dev_rows: int,
    free: Scored | None = None,
) -> Decoding:
    """Free answers, unless allowed ones alone lead on dev by more than one standard error.

    What the user decided needs no trial.

    Args:
        bench: the task, and the model that must be able to be held to something.
        score: dev's score under a constraint.
        dev_rows: questions of dev; without any there is nothing to choose on.
        free: what free answers score on dev, where that is known already.
    """
    allowed = _allowed(bench)
    if allowed is None:
        return Decoding(None, {}, {})
    wanted = bench.given.decoding.constrained
    if wanted != ON_DEV:
        always = wanted == ALWAYS
        return Decoding(allowed if always else None, {"decoding": HELD if always else FREE}, {})
    if not dev_rows:
        return Decoding(None, {}, {})
    ways = {FREE: None, HELD: allowed}
    seen = {FREE: free} if free else {}

    def scored(way: str) -> Scored:
        seen[way] = score(ways[way])
        return seen[way]

    found = choose("decoding", tuple(ways), scored, bench.say, dict(seen), _WORDS)
    effort: dict[str, Json] = {
        "decodings_tried": [
            {**trial, **_interval(seen[trial["decoding"]])} for trial in found.effort["tried"]
        ],
        GAIN: _gain(seen[HELD], seen[FREE]),
        "dev_answers": found.effort["dev_answers"],
    }
    return Decoding(ways[found.value], {"decoding": found.value}, effort, found.scored)


def _interval(scored: Scored) -> dict[str, Json]:
    """The ends of the 95 % interval of a score on dev, in 0..1; each question counts for itself.

    What a question contributes to a metric over all of them together may lie outside 0..1.
    """
    known = mean_interval(scored.rows)
    if known.low is None or known.high is None:
        return {"low": None, "high": None}
    return {"low": max(0.0, known.low), "high": min(1.0, known.high)}


def _gain(held: Scored, free: Scored) -> dict[str, Json]:
    """What holding answers brings on dev, over the same questions, with its 95 % interval."""
    found = paired(held.rows, free.rows)
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "questions": found.n,
    }


def decided(bench: Workbench) -> Constraint | None:
    """What answers are held to before anything is chosen: nothing, unless the user said so."""
    return _allowed(bench) if bench.given.decoding.constrained == ALWAYS else None


def decoding_of(bench: Workbench, settings: Mapping[str, Json]) -> Constraint | None:
    """The constraint that an earlier process chose."""
    return _allowed(bench) if settings.get("decoding") == HELD else None


def _allowed(bench: Workbench) -> Constraint | None:
    """What answers may be; None where they may be anything or the model cannot be held to it."""
    if bench.spec.kind not in CLOSED or not isinstance(bench.generator, LocalGenerator):
        return None
    try:
        return constraint_of(bench.spec, bench.generator.tokenizer)
    except (RungwiseError, TuningError):
        return None  # the constrained rung says why


def with_decoding(effort: Mapping[str, Json], decoding: Decoding) -> dict[str, Json]:
    """A rung's effort with what choosing the decoding cost added."""
    before, more = effort.get("dev_answers", 0), decoding.effort.get("dev_answers", 0)
    total = int(str(before)) + int(str(more))
    return {**effort, **decoding.effort, "dev_answers": total}
