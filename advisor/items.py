"""The held-out items of a finished run with what every rung answered, for walking through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.report.sources import Sources
from harness.experiment import Experiment
from harness.types import Answer, Example, Failure

Outcome = Literal["right", "partly", "wrong", "failed", "not scored"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one rung answered to one question, and how it was scored."""

    rung: str
    title: str
    outcome: Outcome
    score: float | None
    """Headline metric, 0–1; None where there is none."""
    answer: Answer | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Item:
    """A held-out question with the answers of all rungs."""

    example: Example
    said: tuple[Said, ...]
    """In order of effort."""

    def outcome(self, rung: str) -> Outcome:
        """How a rung did on it."""
        return next((said.outcome for said in self.said if said.rung == rung), "not scored")

    @property
    def spread(self) -> float:
        """Best score less worst, of those that are known: how far the rungs disagree, 0–1."""
        scores = [said.score for said in self.said if said.score is not None]
        return max(scores) - min(scores) if scores else 0.0


def items_of(sources: Sources) -> tuple[Item, ...]:
    """All held-out items, those first on which the rungs disagree most.

    Where a rung ran with several seeds, the answers are those of its first and the scores are
    means over all.
    """
    arms = sources.experiment.rungs
    results = {name: sources.answers(name) for name in arms}
    scores = {name: sources.item_scores(name) for name in arms}

    def said(name: str, example: Example) -> Said:
        result = results[name].get(example.id)
        score = scores[name][example.id]
        answer = result if isinstance(result, Answer) else None
        return Said(
            rung=name,
            title=arms[name].title,
            outcome=_outcome(score) if answer else "failed",
            score=score,
            answer=answer,
            failure=result if isinstance(result, Failure) else None,
        )

    items = [
        Item(example, tuple(said(name, example) for name in arms)) for example in sources.heldout
    ]
    return tuple(sorted(items, key=lambda item: -item.spread))


def _outcome(score: float | None) -> Outcome:
    if score is None:
        return "not scored"
    return "right" if score >= 1.0 else "wrong" if score <= 0.0 else "partly"


def choices(
    items: Sequence[Item], experiment: Experiment, recommended: str
) -> dict[str, tuple[Item, ...]]:
    """Ways to choose items, in words, each with what it leaves; empty ones are left out.

    Args:
        items: all of them.
        experiment: where the rungs' titles are.
        recommended: the rung whose gains and losses are told against the cheapest one.
    """
    first = next(iter(experiment.rungs))
    ways: dict[str, Callable[[Item], bool]] = {
        "Where the rungs disagree": lambda item: item.spread > 0,
    }
    if recommended in experiment.rungs and recommended != first:
        titles = [experiment.rungs[name].title for name in (recommended, first)]
        ways[f"{titles[0]} right, {titles[1]} not"] = lambda item: (
            item.outcome(recommended) == "right" and item.outcome(first) != "right"
        )
        ways[f"{titles[1]} right, {titles[0]} not"] = lambda item: (
            item.outcome(first) == "right" and item.outcome(recommended) != "right"
        )
    ways["No rung is right"] = lambda item: all(said.outcome != "right" for said in item.said)
    ways["Every rung is right"] = lambda item: all(said.outcome == "right" for said in item.said)
    ways["An answer failed"] = lambda item: any(said.outcome == "failed" for said in item.said)
    ways["All"] = lambda item: True
    chosen = {words: tuple(item for item in items if keep(item)) for words, keep in ways.items()}
    return {words: found for words, found in chosen.items() if found}
