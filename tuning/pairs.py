"""Pairs of a better and a worse answer: direct preference optimisation (DPO) and its measure.

Rafailov et al. 2023 (arXiv 2305.18290), equation 7: the model is to raise its margin of the better
answer over the worse one above the margin that a frozen reference has. The reference is the state
before the first step, so its log-likelihoods are computed once and need no second model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tuning.at_once import at_once
from tuning.card import moved
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.models import LanguageModel
from tuning.objective import Added, add_gradient
from tuning.recipe import Recipe
from tuning.schedule import cut

if TYPE_CHECKING:
    import torch

ALIGNING: Final = "aligning on"
"""What `tuning.memory.Room` counts the pairs of a step under."""
READING_PAIRS: Final = "reading pairs:"
"""What it counts the pairs of `log_likelihoods` under."""
ALONE: Final = 0.25
"""Share of tokens that must be spared before pairs go through the model one by one."""


class Pair(NamedTuple):
    """Two answers to one prompt, as ids."""

    prompt: list[int]
    chosen: list[int]
    """The better answer, its end-of-turn token included."""
    rejected: list[int]
    reference: float = 0.0
    """Log-likelihood of the better answer less that of the worse one, before training; nats."""

    def sides(self) -> tuple[Encoded, Encoded]:
        """The better and the worse answer as rows of their own."""
        return Encoded(self.prompt, self.chosen), Encoded(self.prompt, self.rejected)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs to be learned by an adapter that is there already; see `tuning.objective.Objective`."""

    rows: Sequence[Pair]
    start: Path
    """Folder of the adapter, or of the whole model, that is trained further."""
    beta: float
    """How much a nat of margin counts: the smaller, the farther the model may leave the start."""
    doing: str = ALIGNING
    continues: bool = True

    def begin(self, model: LanguageModel, recipe: Recipe) -> None:
        """The adapter it starts from."""
        model.continue_adapter(self.start)

    def share(self, rows: Sequence[Pair]) -> int:
        """Pairs."""
        return len(rows)

    def tokens(self, row: Pair) -> int:
        """Of both sides, each after its prompt."""
        return 2 * len(row.prompt) + len(row.chosen) + len(row.rejected)

    def parts(self, rows: Sequence[Pair], budget: int) -> list[list[Pair]]:
        """See `together`."""
        return [[rows[at] for at in part] for part in together(rows, budget)]

    def loss(self, model: LanguageModel, rows: Sequence[Pair]) -> "torch.Tensor":
        """Summed -log sigmoid(beta (margin - reference margin))."""
        import torch

        before = torch.tensor([row.reference for row in rows], dtype=torch.float64)
        found = model.log_likelihoods([side for row in rows for side in row.sides()]).view(-1, 2)
        gained = found[:, 0] - found[:, 1] - moved(before.to(found.dtype), found.device)
        return -torch.nn.functional.logsigmoid(self.beta * gained).sum()

    def gradient(
        self, model: LanguageModel, rows: Sequence[Pair], share: int, micro_tokens: int
    ) -> Added:
        """In this process, all of it."""
        return add_gradient(model, self, rows, share, micro_tokens)

    def settings(self) -> list[Any]:
        """Beta; what the start is, the references say."""
        return [self.beta]


def together(pairs: Sequence[Pair], budget: int) -> list[list[int]]:
    """Which pairs go through a model at once.

    One by one where that spares much: the sides of a pair have their whole prompt in common, which
    then is computed once.
    """
    sizes = [2 * len(p.prompt) + len(p.chosen) + len(p.rejected) for p in pairs]
    spared = sum(len(pair.prompt) for pair in pairs)
    if spared > ALONE * sum(sizes):
        return [[at] for at in range(len(pairs))]
    return cut(sizes, budget)


class PairScore(NamedTuple):
    """How a model stands to some pairs."""

    accuracy: float
    """Share of pairs whose better answer it finds likelier."""
    loss: float
    """Mean DPO loss, nats."""


def referred(model: LanguageModel, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with the margins that the model as it stands gives them."""
    found = log_likelihoods(model, pairs)
    return [
        pair._replace(reference=chosen - rejected)
        for pair, (chosen, rejected) in zip(pairs, found, strict=True)
    ]


def score_pairs(model: LanguageModel, pairs: Sequence[Pair], beta: float) -> PairScore:
    """How the model as it stands does on pairs that were referred to its start.

    Raises:
        TuningError: no pairs, or memory has no room for a single one.
    """
    if not pairs:
        raise TuningError("there are no pairs to score", "add preference pairs")
    margins = [chosen - rejected for chosen, rejected in log_likelihoods(model, pairs)]
    gained = [now - pair.reference for now, pair in zip(margins, pairs, strict=True)]
    return PairScore(
        sum(margin > 0 for margin in margins) / len(pairs),
        sum(_softplus(-beta * one) for one in gained) / len(pairs),
    )


def _softplus(x: float) -> float:
    """log(1 + exp x), which is -log sigmoid(-x)."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def log_likelihoods(
    model: LanguageModel, pairs: Sequence[Pair], budget: int | None = None
) -> list[tuple[float, float]]:
    """Log-likelihoods of the better and the worse answer of each pair, nats, without gradients.

    Args:
        model: with its adapter, or without one.
        pairs: none longer than the model's context.
        budget: tokens at once; by default what suits the model's device.

    Raises:
        TuningError: memory has no room for a single pair.
    """
    import torch

    def read(part: list[int]) -> list[list[float]]:
        with torch.no_grad():
            sides = [side for at in part for side in pairs[at].sides()]
            values: list[list[float]] = model.log_likelihoods(sides).view(-1, 2).tolist()
            return values

    found: dict[int, tuple[float, float]] = {}
    cut = together(pairs, budget or at_once(model.device.type).read)
    for part, values in model.room.through(READING_PAIRS, cut, read):
        found.update((at, (a, b)) for at, (a, b) in zip(part, values, strict=True))
    return [found[at] for at in range(len(pairs))]
