"""Several adapters on one base, each row of a batch through its own.

The base's matmul is one for all rows; only the low-rank part is gathered by adapter, as in Punica
(Chen et al. 2023, arXiv 2310.18547) and S-LoRA (Sheng et al. 2023, arXiv 2311.03285), which have a
kernel of their own for it. Here the adapters' B matrices stand side by side behind the weight, and
a token has zeros for the columns of adapters that are not its own: still one matmul, with the
low-rank term summed in the accumulator as in training. That suits a few adapters; hundreds would
need such a kernel.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch

from tuning.errors import TuningError
from tuning.models.llama.batch import Batch
from tuning.models.shared import PEFT_PREFIX, SavedAdapter

Parts = Sequence[tuple[str, torch.Tensor]]
"""Name of an adapter and the places of the tokens that are its."""


class Route:
    """Which tokens of the batch at hand belong to which adapter; one for all projections."""

    def __init__(self) -> None:
        self._rows: list[str | None] = []
        self._tokens = 0
        self._flat: Parts = ()
        self._last: Parts = ()

    def choose(self, adapters: Sequence[str | None]) -> None:
        """Say which adapter each row of the next batch has; None for the base, nothing for all."""
        self._rows, self._tokens, self._flat = list(adapters), 0, ()
        self._last = ()

    def begin(self, batch: Batch) -> None:
        """The rows are about to be read; a prefix is shared only where all have one adapter."""
        if not self._rows:
            return
        names = [self._rows[0]] * batch.prefix
        for name, length in zip(self._rows, batch.lengths.tolist(), strict=True):
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
    return [(name, torch.tensor(places, device=device)) for name, places in found.items()]


class Beside:
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

    def add(
        self, name: str, pairs: Sequence[tuple[torch.Tensor, torch.Tensor]], scale: float
    ) -> None:
        """Put an adapter beside those that are there.

        Args:
            name: not there yet.
            pairs: A (rank, in) and B (out_i, rank) of each piece.
            scale: factor before B A.
        """
        rank = int(pairs[0][0].shape[0])
        block = self.wide.new_zeros(len(self.wide), rank * len(pairs))
        row = 0
        for piece, (_, b) in enumerate(pairs):
            size = self.sizes[piece]
            block[row : row + size, piece * rank : (piece + 1) * rank] = b * scale
            row += size
        self.a[name] = torch.cat([a for a, _ in pairs]).to(self.wide)
        self.starts[name] = int(self.wide.shape[1]) - self.n_in
        self.wide = torch.cat([self.wide, block], 1)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        parts = self.route.parts(len(x))
        if not parts:
            return torch.nn.functional.linear(x, self.weight)
        low = x.new_zeros(len(x), int(self.wide.shape[1]) - self.n_in)
        for name, tokens in parts:
            start, a = self.starts[name], self.a[name]
            everyone = len(tokens) == len(x)
            found = (x if everyone else x[tokens]) @ a.t()
            low[tokens, start : start + len(a)] = found
        return torch.nn.functional.linear(torch.cat([x, low], 1), self.wide)


class Placed(Protocol):
    """What is asked of a projection here."""

    names: tuple[str, ...]
    sizes: list[int]
    n_in: int


Pairs = list[tuple[torch.Tensor, torch.Tensor]]


def pairs_of(projection: Placed, saved: SavedAdapter, folder: Path) -> Pairs:
    """A (rank, in) and B (out_i, rank) of each piece; zeros for one that the adapter leaves out.

    Raises:
        TuningError: a matrix has another shape than this base needs.
    """
    rank, found = saved.shape.rank, []
    for name, size in zip(projection.names, projection.sizes, strict=True):
        pair = []
        for part, shape in (("A", (rank, projection.n_in)), ("B", (size, rank))):
            key = f"{PEFT_PREFIX}{name}.lora_{part}.weight"
            tensor = saved.tensors.get(key, torch.zeros(shape))
            if tuple(tensor.shape) != shape:
                raise TuningError(
                    f"{folder}: {key} has shape {tuple(tensor.shape)}, this base needs {shape}",
                    "load the adapter on the base it was trained on",
                )
            pair.append(tensor.float())
        found.append((pair[0], pair[1]))
    return found


def must_be_used(saved: SavedAdapter, names: Sequence[str], folder: Path) -> None:
    """Refuse an adapter with a matrix for which this base has no place.

    Raises:
        TuningError: there is one.
    """
    known = {f"{PEFT_PREFIX}{name}.lora_{part}.weight" for name in names for part in "AB"}
    if left := saved.tensors.keys() - known:
        raise TuningError(
            f"{folder}: {min(left)} has no place in this base",
            "load the adapter on the base it was trained on",
        )
