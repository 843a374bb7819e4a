"""Rows of different lengths as one flat sequence of tokens, padded nowhere but in attention."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

EVEN, EVEN_SLOTS = 64, 16
"""Tokens, and slots of a row in attention, that a batch is filled up to a multiple of. oneDNN,
which multiplies in bfloat16 on the CPU, compiles for each shape it meets and keeps the result:
thirty steps of about 1,900 tokens in 30 shapes took 3.8 GB, filled up 3.0, in 4 % less time."""


class Bucket(NamedTuple):
    """Consecutive rows of similar length, padded to the longest inside attention only."""

    rows: int
    length: int
    gather: torch.Tensor
    """(rows * length,) position of each padded slot in the flat rows; padding repeats token 0."""
    scatter: torch.Tensor
    """(tokens,) the slot of each flat token."""
    mask: torch.Tensor
    """(rows, 1, length, 1, prefix + length) added to attention scores: 0 or -inf."""


class Batch(NamedTuple):
    """An optional prefix that all rows share, then the rows, sorted by length."""

    prefix: int
    """Tokens of the shared prefix."""
    ids: torch.Tensor
    """(T,) prefix ids, then each row's ids."""
    positions: torch.Tensor
    """(T,) rotary position; every row continues the prefix."""
    lengths: torch.Tensor
    """(rows,) tokens of each row."""
    last: torch.Tensor
    """(rows,) flat index of each row's last token."""
    buckets: tuple[Bucket, ...]
    prefix_mask: torch.Tensor | None
    """(1, 1, prefix, 1, prefix) causal mask of the prefix."""
    filler: int = 0
    """Tokens at the end that belong to no row; see `filled`."""


def pack(
    prefix: Sequence[int],
    rows: Sequence[Sequence[int]],
    dtype: torch.dtype,
    device: torch.device,
    *,
    even: bool = False,
) -> Batch:
    """Lay out a batch.

    Args:
        prefix: ids that every row continues; may be empty.
        rows: ids of each row, none empty, sorted by length (buckets rely on it).
        dtype: type of the attention scores the masks are added to.
        device: where the tensors live.
        even: fill up to sizes that come again in other batches; see `EVEN`.
    """
    lengths = [len(row) for row in rows]
    n = torch.tensor(lengths)
    flat = [*prefix]
    for row in rows:
        flat.extend(row)
    shared = len(prefix)
    filler = filled(len(flat)) - len(flat) if even else 0
    flat.extend([0] * filler)
    positions = torch.cat(
        [
            torch.arange(shared),
            *(torch.arange(shared, shared + k) for k in lengths),
            torch.zeros(filler, dtype=torch.long),
        ]
    )
    prefix_mask = None
    if shared:
        prefix_mask = torch.full((shared, shared), float("-inf"), dtype=dtype).triu_(1)
        prefix_mask = prefix_mask.view(1, 1, shared, 1, shared).to(device)
    return Batch(
        prefix=shared,
        ids=torch.tensor(flat).to(device),
        positions=positions.to(device),
        lengths=n.to(device),
        last=(shared + n.cumsum(0) - 1).to(device),
        buckets=tuple(
            _bucket(shared, lengths[a:b], dtype, device, EVEN_SLOTS if even else 1)
            for a, b in _similar(lengths)
        ),
        prefix_mask=prefix_mask,
        filler=filler,
    )


def filled(n: int) -> int:
    """The size that n tokens are filled up to."""
    return -(-n // EVEN) * EVEN


def _similar(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Cut sorted lengths into runs whose longest row is at most 30 % (and 8) above the shortest."""
    runs, start = [], 0
    for at in range(1, len(lengths) + 1):
        if at == len(lengths) or lengths[at] > 1.3 * lengths[start] + 8:
            runs.append((start, at))
            start = at
    return runs


def _bucket(
    shared: int, lengths: Sequence[int], dtype: torch.dtype, device: torch.device, even: int
) -> Bucket:
    n = torch.tensor(lengths)
    longest = -(-max(lengths) // even) * even
    slot = torch.arange(longest)
    real = slot < n[:, None]  # (rows, longest)
    start = n.cumsum(0) - n
    causal = slot[:, None] >= slot  # query slot sees key slots up to itself
    own = causal[None] & real[:, :, None]
    seen = torch.cat([torch.ones(len(lengths), longest, shared, dtype=torch.bool), own], 2)
    # A padding query must see something, or softmax makes NaN out of it and backward spreads it.
    seen[..., 0] |= ~real
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, float("-inf"))
    return Bucket(
        rows=len(lengths),
        length=longest,
        gather=torch.where(real, start[:, None] + slot, 0).flatten().to(device),
        scatter=real.flatten().nonzero()[:, 0].to(device),
        mask=mask[:, None, :, None, :].to(device),
    )
