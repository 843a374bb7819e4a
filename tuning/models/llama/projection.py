"""Frozen linear layers, fused where they read the same input, with an optional adapter."""

from collections.abc import Sequence

import torch

from tuning.models.llama.many import Beside
from tuning.models.llama.ops import adapted_linear
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
        self.a: torch.Tensor | None = None
        """(pieces * rank, in) float32, learned; the pieces' A matrices stacked."""
        self.b: torch.Tensor | None = None
        """(out, rank) float32, learned; the pieces' B matrices stacked."""
        self.beside: Beside | None = None
        """Several adapters at once, instead of the one above."""

    def attach(self, shape: AdapterShape, generator: torch.Generator | None) -> None:
        """Add an adapter: A uniform in +-1/sqrt(in), which is PEFT's Kaiming default; B zero.

        Without a generator A stays zero, to be filled from a file.
        """
        pieces, device = len(self.sizes), self.weight.device
        self.rank, self.scale = shape.rank, shape.scale
        start = torch.zeros(pieces * shape.rank, self.n_in)
        if generator is not None:
            start.uniform_(-1, 1, generator=generator).div_(self.n_in**0.5)
        self.a = start.to(device).requires_grad_()
        self.b = torch.zeros(sum(self.sizes), shape.rank, device=device, requires_grad=True)
        extra = self.weight.new_zeros(len(self.weight), pieces * shape.rank)
        self.wide = torch.cat([self.weight, extra], 1)
        self.weight = self.wide[:, : self.n_in]  # a view: the base is held once
        self.sync()

    def detach(self) -> None:
        """Drop every adapter; the base weights were never changed."""
        if self.beside is not None:
            self.weight, self.beside = self.beside.weight.contiguous(), None
        if self.a is not None:
            self.weight = self.weight.contiguous()
            self.a = self.b = None
            del self.wide, self.a_cast

    def sync(self) -> None:
        """Copy the learned float32 tensors into the matmul's operands."""
        if self.a is None or self.b is None:
            return
        with torch.no_grad():
            self.a_cast = self.a.to(self.weight.dtype)
            row = 0
            for piece, size in enumerate(self.sizes):
                column = self.n_in + piece * self.rank
                block = self.wide[row : row + size, column : column + self.rank]
                block.copy_(self.b[row : row + size] * self.scale)
                row += size

    def own_blocks(self, grad: torch.Tensor) -> torch.Tensor:
        """(out, pieces * rank) to (out, rank): each piece's rows keep that piece's columns."""
        if len(self.sizes) == 1:
            return grad
        blocks = grad.split(self.sizes)
        return torch.cat(
            [block[:, i * self.rank : (i + 1) * self.rank] for i, block in enumerate(blocks)]
        )

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        if self.beside is not None:
            return self.beside(x)
        if self.a is not None and self.b is not None:
            return adapted_linear(x, self.a, self.b, self)
        return torch.nn.functional.linear(x, self.weight)

    def own_weights(self) -> dict[str, torch.Tensor]:
        """Weights (out_i, in) of every piece by name; views of what the matmul reads."""
        return dict(zip(self.names, self.weight.split(self.sizes), strict=True))

    def pieces(self) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
        """(name, A (rank, in), B (out_i, rank)) of every piece, as PEFT stores them.

        Raises:
            RuntimeError: there is no adapter.
        """
        if self.a is None or self.b is None:
            raise RuntimeError("no adapter is attached")
        starts = [sum(self.sizes[:i]) for i in range(len(self.sizes))]
        return [
            (
                name,
                self.a.detach()[i * self.rank : (i + 1) * self.rank],
                self.b.detach()[start : start + size],
            )
            for i, (name, start, size) in enumerate(
                zip(self.names, starts, self.sizes, strict=True)
            )
        ]
