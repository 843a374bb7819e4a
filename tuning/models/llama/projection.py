"""Frozen linear layers, fused where they read the same input, with or without adapters."""

from collections.abc import Sequence

import torch

from tuning.models.llama.adapter import Adapter, Factors
from tuning.models.llama.many import Adapters, Route
from tuning.models.llama.packed import Packed
from tuning.models.shared import SavedAdapter, lora_key
from tuning.recipe import AdapterShape


class Projection:
    """One matmul for one or more projections of the same input, for instance q, k and v.

    Args:
        names: PEFT's module names of the pieces, in order.
        weights: the pieces' weights, each (out_i, in).
    """

    def __init__(self, names: Sequence[str], weights: Sequence[torch.Tensor]) -> None:
        self.names = tuple(names)
        self.sizes = [int(weight.shape[0]) for weight in weights]
        self.weight = torch.cat(list(weights)) if len(weights) > 1 else weights[0]
        """(out, in) with out = sum of the pieces'."""
        self.n_in = int(self.weight.shape[1])
        self.adapter: Adapter | Adapters | None = None
        """One that is learned or answers alone, or several side by side."""
        self.packed: Packed | None = None
        """What the matmul reads, while `Llama.laid_out` holds."""

    def attach(self, shape: AdapterShape) -> Adapter:
        """Put an adapter on, in place of any other, that changes nothing yet."""
        self.detach()
        self.adapter = Adapter(self.weight, self.sizes, shape)
        self.weight = self.adapter.weight
        return self.adapter

    def add(self, name: str, factors: Factors, scale: float, route: Route) -> None:
        """Put an adapter beside others; see `tuning.models.llama.many.Adapters.add`."""
        if not isinstance(self.adapter, Adapters):
            self.detach()
            self.adapter = Adapters(self.weight, self.sizes, route)
        self.adapter.add(name, factors, scale)
        self.weight = self.adapter.weight

    def detach(self) -> None:
        """Drop every adapter; the base weights were never changed."""
        if self.adapter is not None:
            self.weight, self.adapter = self.weight.contiguous(), None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        if self.packed is not None:
            return self.packed(x if self.adapter is None else self.adapter.widened(x))
        if self.adapter is not None:
            return self.adapter(x)
        return torch.nn.functional.linear(x, self.weight)

    def pack(self) -> None:
        """Lay out what the matmul reads as it is now; see `tuning.models.llama.packed`."""
        self.packed = Packed(self.weight if self.adapter is None else self.adapter.wide)

    def own_weights(self) -> dict[str, torch.Tensor]:
        """Weights (out_i, in) of every piece by name; views of what the matmul reads."""
        return dict(zip(self.names, self.weight.split(self.sizes), strict=True))

    def places(self) -> dict[str, tuple[int, int]]:
        """(in, out_i) of every piece by name."""
        return {name: (self.n_in, size) for name, size in zip(self.names, self.sizes, strict=True)}

    def factors_of(self, saved: SavedAdapter) -> Factors:
        """What a saved adapter that fits has for each piece; zeros for one that it leaves out."""
        rank = saved.shape.rank
        return [
            (
                saved.tensors.get(lora_key(name, "A"), torch.zeros(rank, self.n_in)).float(),
                saved.tensors.get(lora_key(name, "B"), torch.zeros(size, rank)).float(),
            )
            for name, size in zip(self.names, self.sizes, strict=True)
        ]
