"""Scores that a check tells while it is at work, in words."""

from collections.abc import Sequence

from advisor.numbers import count, in_sentence, interval, percent
from harness.ceilings import arm_title
from harness.cell import parse_cell
from harness.floors import FLOORS
from harness.store import Event


def scores_of(events: Sequence[Event]) -> list[Event]:
    """Those that tell a score: of all trainings of a rung, floor or ceiling together."""
    return [event for event in events if event.kind == "scored"]


def score_words(event: Event) -> str:
    """'31 % (22–41 %) on right facts, 126 held-out questions'."""
    figures = event.figures
    asked = count(figures["n"], "held-out question")
    return f"{_share(event)} on {figures['metric_title']}, {asked}{_failed(event)}"


def short_score(event: Event) -> str:
    """'31 % (22–41 %)'; where answers failed, also how many."""
    return f"{_share(event)}{_failed(event)}"


def _failed(event: Event) -> str:
    n = event.figures.get("n_failed", 0)  # not told by every version
    return f"; {n:,} more failed" if n else ""


def _share(event: Event) -> str:
    figures = event.figures
    ends = figures["low"], figures["high"]
    sure = "" if None in ends else f" ({interval(*ends)})"
    return f"{percent(figures['mean'])}{sure}"


def against_words(scores: Sequence[Event]) -> str:
    """What the scores are of, and what doing without a language model came to; two sentences."""
    words = (
        f"Scores: {scores[0].figures['metric_title']}, on held-out questions, with 95 % intervals. "
        "What they come to beside each other is worked out once all rungs are finished."
    )
    titles = [(arm_title(parse_cell(one.cell)[0]), one) for one in scores if _is_floor(one)]
    floors = [f"{in_sentence(title)} {short_score(one)}" for title, one in titles]
    return (
        f"{words} To be beaten, without a language model: {', '.join(floors)}." if floors else words
    )


def _is_floor(event: Event) -> bool:
    return parse_cell(event.cell)[0] in FLOORS
