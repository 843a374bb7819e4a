"""How likely completions are, from the logits of their tokens: one way for both implementations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuning.encode import Encoded

if TYPE_CHECKING:
    import torch


class Predicting(NamedTuple):
    """What a model says of the completion tokens of some rows."""

    logits: "torch.Tensor"
    """(n, V), of all rows' tokens."""
    wanted: "torch.Tensor"
    """(n,) their ids."""
    owners: "torch.Tensor"
    """(n,) the row of each."""


class Likelihood:
    """A model that can say what it predicts."""

    def loss(self, rows: Sequence[Encoded]) -> "torch.Tensor":
        """Summed NLL of the completions."""
        import torch

        logits, wanted, _ = self._predicting(rows)
        return torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")

    def log_likelihoods(self, rows: Sequence[Encoded]) -> "torch.Tensor":
        """(rows,) of each completion."""
        import torch

        logits, wanted, owners = self._predicting(rows)
        found = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
        return -found.new_zeros(len(rows)).index_add(0, owners, found)

    def _predicting(self, rows: Sequence[Encoded]) -> Predicting:
        """Logits of completion tokens only."""
        raise NotImplementedError
