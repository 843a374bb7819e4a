"""How likely completions are, from the logits of their tokens: one way for both implementations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuning.encode import Encoded
from tuning.models.base import Reading

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

    def read(self, rows: Sequence[Encoded]) -> list[Reading]:
        """What the model makes of every row's completion."""
        import torch

        with torch.inference_mode():
            logits, wanted, owners = self._predicting(rows)
            nll = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
            likeliest = logits.max(-1).indices == wanted
            order = owners.argsort(stable=True)  # tokens of a row stay in their order
            lengths = [len(row.completion) for row in rows]
            found = zip(nll[order].split(lengths), likeliest[order].split(lengths), strict=True)
            return [Reading(a.tolist(), b.tolist()) for a, b in found]

    def _predicting(self, rows: Sequence[Encoded]) -> Predicting:
        """Logits of completion tokens only."""
        raise NotImplementedError
