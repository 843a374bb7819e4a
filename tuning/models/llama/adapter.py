"""LoRA (Hu et al. 2021, arXiv 2106.09685) on a frozen weight, in one matmul with it."""

from collections.abc import Sequence
from typing import TypeAlias

import torch

from tuning.models.llama.ops import adapted_linear
from tuning.recipe import AdapterShape

Factors: TypeAlias = list[tuple[torch.Tensor, torch.Tensor]]
"""A (rank, in) and B (out_i, rank) of each piece of a projection."""


class Adapter:
    """y = W x + (alpha / rank) B A x, piece by piece; it changes nothing yet, A and B are zero.

    Args:
        weight: (out, in), the base's; not needed any more afterwards, see `weight`.
        sizes: rows of its pieces, their sum is out.
        shape: rank and alpha.
    """

    def __init__(self, weight: torch.Tensor, sizes: Sequence[int], shape: AdapterShape) -> None:
        n_out, self.n_in = weight.shape
        columns = len(sizes) * shape.rank
        self.sizes, self.shape = list(sizes), shape
        self.a = torch.zeros(columns, self.n_in, device=weight.device, requires_grad=True)
        """(pieces * rank, in) float32, learned; the pieces' A matrices stacked."""
        self.b = torch.zeros(n_out, shape.rank, device=weight.device, requires_grad=True)
        """(out, rank) float32, learned; the pieces' B matrices stacked."""
        self.wide = torch.cat([weight, weight.new_zeros(n_out, columns)], 1)
        """(out, in + pieces * rank): W, and scaled B in a block of its own for each piece."""
        self.sync()

    @property
    def weight(self) -> torch.Tensor:
        """(out, in), the base's; a view, so that it is held once."""
        return self.wide[:, : self.n_in]

    def draw(self, generator: torch.Generator) -> None:
        """A uniform in +-1/sqrt(in), which is PEFT's Kaiming default; B stays zero."""
        drawn = torch.empty(self.a.shape).uniform_(-1, 1, generator=generator)
        with torch.no_grad():
            self.a.copy_(drawn.div_(self.n_in**0.5))
        self.sync()

    def fill(self, factors: Factors) -> None:
        """Take over the matrices of a saved adapter."""
        for (a, b), (saved_a, saved_b) in zip(self.factors(), factors, strict=True):
            a.copy_(saved_a)
            b.copy_(saved_b)
        self.sync()

    def factors(self) -> Factors:
        """A and B of every piece, as PEFT stores them; views of what is learned."""
        a = self.a.detach().split(self.shape.rank)
        return list(zip(a, self.b.detach().split(self.sizes), strict=True))

    def sync(self) -> None:
        """Copy what is learned into the matmul's operands."""
        with torch.no_grad():
            self.a_cast = self.a.to(self.wide.dtype)  # in float32 that is a itself
            row, column, rank = 0, self.n_in, self.shape.rank
            for size in self.sizes:
                block = self.wide[row : row + size, column : column + rank]
                block.copy_(self.b[row : row + size] * self.shape.scale)
                row, column = row + size, column + rank

    def own_blocks(self, grad: torch.Tensor) -> torch.Tensor:
        """(out, pieces * rank) to (out, rank): each piece's rows keep that piece's columns."""
        if len(self.sizes) == 1:
            return grad
        rank = self.shape.rank
        blocks = grad.split(self.sizes)
        return torch.cat([block[:, i * rank : (i + 1) * rank] for i, block in enumerate(blocks)])

    def widened(self, x: torch.Tensor) -> torch.Tensor:
        """[x, x A^T], what `wide` is multiplied by: (T, in) to (T, in + pieces * rank)."""
        return torch.cat([x, x @ self.a_cast.t()], 1)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        return adapted_linear(x, self.a, self.b, self)
