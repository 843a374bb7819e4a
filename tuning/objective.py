"""What a training learns from, and what it lowers: completions here, pairs in `tuning.pairs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from tuning.encode import Encoded
from tuning.memory import ran_out
from tuning.models import LanguageModel
from tuning.recipe import Recipe
from tuning.schedule import micro_batches

if TYPE_CHECKING:
    import torch

Row = TypeVar("Row")

TRAINING: Final = "training on"
"""What `tuning.memory.Room` counts the rows of a step under."""


class Added(NamedTuple):
    """What came of adding up a step's gradient."""

    loss: float
    """Summed over the rows, divided by the whole step's share."""
    ran_out_with: int = 0
    """Rows that memory had no room for; 0 where it had, and the gradient is whole. Otherwise it
    stands on some parameters and not on others, and the step has to begin again."""


class Objective(Protocol[Row]):
    """Rows, and how a step learns from some of them."""

    @property
    def doing(self) -> str:
        """What `tuning.memory.Room` counts the rows of a step under."""
        ...

    @property
    def continues(self) -> bool:
        """What is trained already is trained further: the state before the first step counts."""
        ...

    @property
    def rows(self) -> Sequence[Row]:
        """All of them."""
        ...

    def begin(self, model: LanguageModel, recipe: Recipe) -> None:
        """Put on the model what is to be learned."""
        ...

    def share(self, rows: Sequence[Row]) -> int:
        """What the summed loss of a step's rows is divided by."""
        ...

    def tokens(self, row: Row) -> int:
        """That go through the model."""
        ...

    def parts(self, rows: Sequence[Row], budget: int) -> list[list[Row]]:
        """Rows cut so that no part sends more tokens through the model at once."""
        ...

    def loss(self, model: LanguageModel, rows: Sequence[Row]) -> "torch.Tensor":
        """Summed over the rows; differentiable."""
        ...

    def gradient(
        self, model: LanguageModel, rows: Sequence[Row], share: int, micro_tokens: int
    ) -> Added:
        """Add the gradient of a step's rows to what is learned; see `add_gradient`."""
        ...

    def settings(self) -> list[Any]:
        """What decides how it goes beside rows and recipe."""
        ...


@dataclass(frozen=True, slots=True)
class Completions:
    """Completions to be learned by a fresh adapter: the mean NLL of their tokens is lowered."""

    rows: Sequence[Encoded]
    doing: str = TRAINING
    continues: bool = False

    def begin(self, model: LanguageModel, recipe: Recipe) -> None:
        """A fresh adapter, or all weights."""
        model.new_adapter(recipe.shape, recipe.seed)

    def share(self, rows: Sequence[Encoded]) -> int:
        """Completion tokens."""
        return sum(len(row.completion) for row in rows)

    def tokens(self, row: Encoded) -> int:
        """Of prompt and completion."""
        return len(row.prompt) + len(row.completion)

    def parts(self, rows: Sequence[Encoded], budget: int) -> list[list[Encoded]]:
        """See `tuning.schedule.micro_batches`."""
        return micro_batches(rows, budget)

    def loss(self, model: LanguageModel, rows: Sequence[Encoded]) -> "torch.Tensor":
        """Summed NLL, nats."""
        return model.loss(rows)

    def gradient(
        self, model: LanguageModel, rows: Sequence[Encoded], share: int, micro_tokens: int
    ) -> Added:
        """In this process, all of it."""
        return add_gradient(model, self, rows, share, micro_tokens)

    def settings(self) -> list[Any]:
        """Nothing."""
        return []


def add_gradient(
    model: LanguageModel,
    objective: Objective[Row],
    rows: Sequence[Row],
    share: int,
    micro_tokens: int,
) -> Added:
    """Add the gradient of rows to what is learned of the model.

    Args:
        model: with what is to be learned on it.
        objective: what is lowered.
        rows: of one step, or some of them.
        share: what the whole step's loss is divided by, so that the cut into parts changes nothing.
        micro_tokens: that go through the model at once.
    """
    import torch

    room, going = model.room, 0
    losses: list[torch.Tensor] = []
    parts = objective.parts(rows, micro_tokens // room.divided) if rows else []
    try:
        for part in room.cut(objective.doing, parts):
            going = len(part)
            losses.append(_backward(model, objective, part, share))
        # once for all parts, for whoever asks waits until the device has computed them; and here,
        # for what a device had no memory for may come to light only now
        total = 0.0
        for loss in torch.stack(losses).tolist() if losses else ():
            total += loss
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    else:
        return Added(total)
    return Added(0.0, going)


def _backward(
    model: LanguageModel, objective: Objective[Row], part: Sequence[Row], share: int
) -> "torch.Tensor":
    """One part, its loss (); a function, so that its other tensors end with it."""
    import torch

    loss = objective.loss(model, part) / share
    torch.autograd.backward(loss)
    return loss.detach()
