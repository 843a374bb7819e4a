"""What a training learns from, and what it lowers: completions here, pairs in `tuning.pairs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from tuning.encode import Encoded
from tuning.models import LanguageModel
from tuning.recipe import Recipe
from tuning.schedule import micro_batches

if TYPE_CHECKING:
    import torch

Row = TypeVar("Row")

TRAINING: Final = "training on"
"""What `tuning.memory.Room` counts the rows of a step under."""


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

    def settings(self) -> list[Any]:
        """Nothing."""
        return []
