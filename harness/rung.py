"""What a rung's file declares."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.effort import Effort
from harness.types import (
    Answer,
    Failure,
    Json,
    PairQuery,
    PairReading,
    Preparation,
    Query,
    TrainView,
)
from harness.work import Amounts, Work
from harness.workbench import Workbench


class Rung(Protocol):
    """One approach at work. Built once a cell; holds what it learned."""

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Learn from train and choose settings on dev.

        Args:
            settings: what an earlier, interrupted process chose; then nothing is chosen again.
        """
        ...

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """Answer every query once, yielding as they come; the first `timed` one at a time."""
        ...


@runtime_checkable
class ReadsPairs(Protocol):
    """A rung that also says what it makes of held-out preference pairs."""

    def read_pairs(self, pairs: Sequence[PairQuery]) -> list[PairReading]:
        """How likely the answers are to the model, before it was trained and after each step."""
        ...


@dataclass(frozen=True, slots=True)
class RungType:
    """Declared by each file as `RUNG`."""

    name: str
    title: str
    """In plain words, for pages and reports."""
    what: str
    """One sentence: what it does to the model or its input."""
    needs: frozenset[str]
    """Of ``documents``, ``embeddings``, ``weights`` (to train), ``decoder`` (to say which tokens
    may follow), ``closed_answers`` (labels or JSON) and ``preferences`` (pairs); training examples
    are always there."""
    seeded: bool
    """True when another seed gives another result, so that several seeds are worth running."""
    build: Callable[[TrainView, Workbench], Rung]
    work: Callable[[Amounts, Effort], Work]
    """What one cell of it will have the model do: for the estimate before a check."""
    made_of: tuple[str, ...] = ()
    """Rungs that this one joins. It is worth its effort only if it is better than each of them."""

    def follows(self, others: Sequence["RungType"]) -> bool:
        """Whether it goes on from one of the others alone, which then need not be built again."""
        return len(self.made_of) == 1 and self.made_of[0] in [one.name for one in others]
