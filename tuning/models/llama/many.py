"""Several adapters on one base, each row of a batch through its own.

The base's matmul is one for all rows; only the low-rank part is gathered by adapter, as in Punica
(Chen et al. 2023, arXiv 2310.18547) and S-LoRA (Sheng et al. 2023, arXiv 2311.03285), which have a
kernel of their own for it. Here the adapters' B matrices stand side by side behind the weight, and
a token has zeros for the columns of adapters that are not its own: still one matmul, with the
low-rank term summed in the accumulator as in training. That suits a few adapters; hundreds would
need such a kernel.
"""

from collections.abc import Sequence

import torch

from tuning.card import sent
from tuning.models.llama.adapter import Factors
from tuning.models.llama.batch import Batch

Parts = Sequence[tuple[str, torch.Tensor]]
"""Name of an adapter and the places of the tokens that are its."""


class Route:
    """Which tokens of the batch at hand belong to which adapter; one for all projections."""

    def __init__(self) -> None:
        self._rows: list[str | None] = []
        """Adapter of each row still on its way; empty where none is named."""
        self._tokens = 0
        """Of the batch while it is read, the prefix included; 0 from then on."""
        self._flat: Parts = ()
        """Of all these tokens."""
        self._last: Parts = ()
        """Of the last one of each row."""

    def choose(self, adapters: Sequence[str | None]) -> None:
        """Say which adapter each row of the next batch has; None for the base, nothing for all."""
        self._rows, self._tokens, self._flat = list(adapters), 0, ()
        self._last = ()

    def begin(self, batch: Batch) -> None:
        """The rows are about to be read; a prefix is shared only where all have one adapter."""
        if not self._rows:
            return
        names = [self._rows[0]] * batch.prefix
        for name, length in zip(self._rows, batch.lengths, strict=True):
            names += [name] * length
        self._tokens = len(names)
        self._flat = _parts(names, batch.ids.device)
        self._last = _parts(self._rows, batch.ids.device)

    def keep(self, rows: Sequence[int], device: torch.device) -> None:
        """Go on with these rows only."""
        if not self._rows:
            return
        self._rows = [self._rows[row] for row in rows]
        self._last = _parts(self._rows, device)

    def written(self) -> None:
        """The batch is read: from now on there is one token a row."""
        self._tokens, self._flat = 0, ()

    def parts(self, tokens: int) -> Parts:
        """Of so many tokens: all of the batch, or the last of each row."""
        return self._flat if self._flat and tokens == self._tokens else self._last


def _parts(names: Sequence[str | None], device: torch.device) -> Parts:
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        if name is not None:
            found.setdefault(name, []).append(at)
    return [*zip(found, sent([*found.values()], device), strict=True)]


class Adapters:
    """The adapters of one projection.

    Args:
        weight: (out, in), the base's.
        sizes: rows of its pieces.
        route: which tokens are whose.
    """

    def __init__(self, weight: torch.Tensor, sizes: Sequence[int], route: Route) -> None:
        self.sizes, self.route = list(sizes), route
        self.n_in = int(weight.shape[1])
        self.wide = weight
        """(out, in + columns of all adapters)."""
        self.a: dict[str, torch.Tensor] = {}
        """(pieces * rank, in) of each adapter."""
        self.starts: dict[str, int] = {}
        """First column of each adapter, after the input's."""

    @property
    def weight(self) -> torch.Tensor:
        """The base's, a view: it is held once."""
        return self.wide[:, : self.n_in]

    def add(self, name: str, factors: Factors, scale: float) -> None:
        """Put an adapter beside those that are there.

        Args:
            name: not there yet.
            factors: its matrices.
            scale: factor before B A.
        """
        rank = int(factors[0][0].shape[0])
        block = self.wide.new_zeros(len(self.wide), rank * len(factors))
        row = 0
        for piece, (_, b) in enumerate(factors):
            size = self.sizes[piece]
            block[row : row + size, piece * rank : (piece + 1) * rank] = b * scale
            row += size
        self.a[name] = torch.cat([a for a, _ in factors]).to(self.wide)
        self.starts[name] = int(self.wide.shape[1]) - self.n_in
        self.wide = torch.cat([self.wide, block], 1)

    def widened(self, x: torch.Tensor) -> torch.Tensor:
        """Each token with its own adapter's A x, which `wide` is multiplied by.

        (T, in) to (T, in + columns of all adapters); zeros in the columns of the others.
        """
        low = x.new_zeros(len(x), int(self.wide.shape[1]) - self.n_in)
        for name, tokens in self.route.parts(len(x)):
            start, a = self.starts[name], self.a[name]
            everyone = len(tokens) == len(x)
            found = (x if everyone else x[tokens]) @ a.t()
            low[tokens, start : start + len(a)] = found
        return torch.cat([x, low], 1)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        if not self.route.parts(len(x)):
            return torch.nn.functional.linear(x, self.weight)
        return torch.nn.functional.linear(self.widened(x), self.wide)
