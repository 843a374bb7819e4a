"""Pairs of a better and a worse answer: direct preference optimisation (DPO) and its measure.

Rafailov et al. 2023 (arXiv 2305.18290), equation 7: the model is to raise its margin of the better
answer over the worse one above the margin that a frozen reference has. The reference is the state
before the first step, so its log-likelihoods are computed once and need no second model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.models import LanguageModel
from tuning.recipe import Recipe
from tuning.schedule import cut

if TYPE_CHECKING:
    import torch

ALIGNING: Final = "aligning on"
"""What `tuning.memory.Room` counts the pairs of a step under."""
READING: Final = "reading"
"""What it counts the rows of `log_likelihoods` under."""


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
    """Pairs to be learned by an adapter that is there already; see `tuning.matter.Matter`."""

    rows: Sequence[Pair]
    start: Path
    """Folder of the adapter, or of the whole model, that is trained further."""
    beta: float
    """How much a nat of margin counts: the smaller, the farther the model may leave the start."""
    doing: str = ALIGNING
    goes_on: bool = True

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
        """Pairs of like length together."""
        return [[rows[at] for at in part] for part in cut([*map(self.tokens, rows)], budget)]

    def loss(self, model: LanguageModel, rows: Sequence[Pair]) -> "torch.Tensor":
        """Summed -log sigmoid(beta (margin - reference margin))."""
        import torch

        found = model.log_likelihoods([side for row in rows for side in row.sides()]).view(-1, 2)
        before = found.new_tensor([row.reference for row in rows])
        gained = found[:, 0] - found[:, 1] - before
        return -torch.nn.functional.logsigmoid(self.beta * gained).sum()

    def told(self) -> list[Any]:
        """Beta; what the start is, the references say."""
        return [self.beta]


class PairScore(NamedTuple):
    """How a model stands to some pairs."""

    accuracy: float
    """Share of pairs whose better answer it finds likelier, by token."""
    loss: float
    """Mean DPO loss, nats."""
    margin: float
    """Mean gain of margin over the reference, nats."""


def referred(model: LanguageModel, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with the margins that the model as it stands gives them."""
    found = log_likelihoods(model, [side for pair in pairs for side in pair.sides()])
    return [
        pair._replace(reference=found[2 * at] - found[2 * at + 1]) for at, pair in enumerate(pairs)
    ]


def score_pairs(model: LanguageModel, pairs: Sequence[Pair], beta: float) -> PairScore:
    """How the model as it stands does on pairs that were referred to its start.

    Raises:
        TuningError: no pairs, or memory has no room for a single answer.
    """
    import torch

    if not pairs:
        raise TuningError("there are no pairs to score", "add preference pairs")
    sides = [side for pair in pairs for side in pair.sides()]
    found = torch.tensor(log_likelihoods(model, sides), dtype=torch.float64).view(-1, 2)
    sizes = torch.tensor([len(side.completion) for side in sides]).view(-1, 2)
    gained = found[:, 0] - found[:, 1] - torch.tensor([pair.reference for pair in pairs])
    by_token = found / sizes
    return PairScore(
        float((by_token[:, 0] > by_token[:, 1]).double().mean()),
        float(-torch.nn.functional.logsigmoid(beta * gained).mean()),
        float(gained.mean()),
    )


def log_likelihoods(
    model: LanguageModel, rows: Sequence[Encoded], budget: int = 8192
) -> list[float]:
    """Log-likelihood of every completion, nats, in order and without gradients.

    Raises:
        TuningError: memory has no room for a single row.
    """
    import torch

    def read(part: list[int]) -> list[float]:
        with torch.no_grad():
            return [float(one) for one in model.log_likelihoods([rows[at] for at in part])]

    parts = cut([len(row.prompt) + len(row.completion) for row in rows], budget)
    found: dict[int, float] = {}
    for part, values in model.room.through(READING, parts, read):
        found.update(zip(part, values, strict=True))
    return [found[at] for at in range(len(rows))]
