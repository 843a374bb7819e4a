"""Which worked examples stand before a question: ways to choose them, one entry each.

The nearest ones are not always the best: they can all have the same answer, or all be copies of one
another, and some small models do better with a fixed set. So the ways are compared on dev.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from harness.plugins import pick
from harness.prompts import Demonstration, target
from harness.types import Example, TaskSpec

NEAREST, EACH_LABEL, SPREAD, CLOSEST_FIRST, FIXED = (
    "nearest", "nearest of each label", "nearest but unlike each other", "nearest, closest first",
    "the same for all",
)  # fmt: skip
RELEVANCE: Final = 0.7
"""Weight of likeness to the question against unlikeness to what is shown already, in maximal
marginal relevance (Carbonell & Goldstein 1998)."""
_LOOKED_AT: Final = 50
"""Nearest examples among which unlike ones are looked for."""


class Pool:
    """Training examples to choose from."""

    def __init__(
        self, spec: TaskSpec, train: Sequence[Example], embed: Callable[[Sequence[str]], Any]
    ) -> None:
        """Prepare.

        Args:
            spec: of the task.
            train: what may be shown.
            embed: texts to unit vectors, (n, d).
        """
        self.spec, self.train, self._embed = spec, train, embed
        self.shown = [Demonstration(e.question, target(spec, e)) for e in train]

    @cached_property
    def vectors(self) -> Any:
        """One a training question, (n, d)."""
        return self._embed([example.question for example in self.train])

    def choose(
        self, questions: Sequence[str], k: int, way: str = NEAREST, draw: int = 0
    ) -> list[list[Demonstration]]:
        """The k examples before each question, in the order in which they are shown.

        Args:
            questions: to be asked.
            k: at most this many; fewer only where there are fewer training rows.
            way: one of `WAYS`.
            draw: which fixed set.

        Raises:
            UserError: there is no such way.
        """
        chooser = pick(WAYS, way, "way to choose examples", "examples")
        if not questions or not k:
            return [[] for _ in questions]
        if way == FIXED:
            fixed = drawn(self.shown, k, draw)
            return [fixed for _ in questions]
        closeness = self._embed(questions) @ self.vectors.T  # (questions, n)
        return [[self.shown[at] for at in chooser(self, row, k)] for row in closeness]

    def found(
        self, questions: Sequence[str], k: int, chosen: "Chosen", embedding_s: float
    ) -> tuple[list[list[Demonstration]], float]:
        """The same, with the seconds that finding them adds to a question.

        Args:
            questions: to be asked.
            k: see `choose`.
            chosen: the way, with the draw of a fixed set.
            embedding_s: seconds to embed a question, which a fixed set does without.
        """
        if not k:
            return [[] for _ in questions], 0.0
        started = time.perf_counter()
        shown = self.choose(questions, k, *chosen)
        each = (time.perf_counter() - started) / max(1, len(questions))
        return shown, each + (embedding_s if chosen.way != FIXED else 0.0)


def drawn(shown: Sequence[Demonstration], k: int, draw: int = 0) -> list[Demonstration]:
    """A seeded draw in which no answer comes twice before every one has come once.

    Args:
        shown: to draw from.
        k: at most this many; fewer only where there are fewer.
        draw: the seed.
    """
    order = np.random.default_rng(draw).permutation(len(shown)).tolist()
    return [shown[at] for at in _unlike_answers(shown, order, k)]


def _nearest(pool: Pool, closeness: Any, k: int) -> list[int]:
    found: list[int] = np.argsort(closeness, kind="stable")[-k:].tolist()
    return found


def _closest_first(pool: Pool, closeness: Any, k: int) -> list[int]:
    return _nearest(pool, closeness, k)[::-1]


def _each_label(pool: Pool, closeness: Any, k: int) -> list[int]:
    order = np.argsort(closeness, kind="stable")[::-1].tolist()
    return _unlike_answers(pool.shown, order, k)[::-1]


def _unlike_answers(shown: Sequence[Demonstration], order: Sequence[int], k: int) -> list[int]:
    """The first k of an order, but those with an answer that was taken wait for the others."""
    taken: list[int] = []
    left = list(order)
    while left and len(taken) < k:
        seen: set[str] = set()
        waiting = []
        for at in left:
            answer = shown[at].answer
            if answer in seen:
                waiting.append(at)
                continue
            seen.add(answer)
            taken.append(at)
            if len(taken) == k:
                return taken
        left = waiting
    return taken


def _spread(pool: Pool, closeness: Any, k: int) -> list[int]:
    near = np.argsort(closeness, kind="stable")[::-1][:_LOOKED_AT]
    likeness = pool.vectors[near] @ pool.vectors[near].T  # (near, near)
    taken = [0]
    while len(taken) < min(k, len(near)):
        gain = RELEVANCE * closeness[near] - (1 - RELEVANCE) * likeness[:, taken].max(axis=1)
        gain[taken] = -np.inf
        taken.append(int(gain.argmax()))
    return [int(near[at]) for at in sorted(taken, reverse=True)]  # the closest last


_Chooser = Callable[[Pool, Any, int], list[int]]

WAYS: Final[Mapping[str, _Chooser]] = {
    NEAREST: _nearest,
    EACH_LABEL: _each_label,
    SPREAD: _spread,
    CLOSEST_FIRST: _closest_first,
    FIXED: _nearest,  # not asked: a fixed set does not depend on the question
}
"""Ways by name, as settings record them."""


class Chosen(NamedTuple):
    """A way with the draw of a fixed set."""

    way: str
    draw: int = 0


def candidates(spec: TaskSpec, fixed_draws: int, orders: bool) -> list[Chosen]:
    """What to compare with the nearest ones on this kind of task.

    Args:
        spec: of the task.
        fixed_draws: how many fixed sets to try; 0 tries no other way at all.
        orders: also try the nearest ones the other way round, and for labels unlike ones.
    """
    if not fixed_draws:
        return []
    ways = [EACH_LABEL, *([SPREAD] if orders else [])] if spec.kind == "label" else [SPREAD]
    ways += [CLOSEST_FIRST] if orders else []
    return [*map(Chosen, ways), *(Chosen(FIXED, draw) for draw in range(fixed_draws))]
