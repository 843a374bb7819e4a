"""Rows of different lengths as one flat sequence of tokens, padded nowhere but in attention."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch

from tuning.card import aligned, sent

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
    lengths: tuple[int, ...]
    """Tokens of each row."""
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
    lengths, shared = [len(row) for row in rows], len(prefix)
    flat, positions = [*prefix], [*range(shared)]
    for row in rows:
        flat.extend(row)
        positions.extend(range(shared, shared + len(row)))
    filler = filled(len(flat)) - len(flat) if even else 0
    flat.extend([0] * filler)
    positions.extend([0] * filler)
    last = [end - 1 for end in accumulate(lengths, initial=shared)][1:]
    runs, slots = [lengths[a:b] for a, b in _similar(lengths)], EVEN_SLOTS if even else 1
    longest = [-(-max(run) // slots) * slots for run in runs]
    taken = [_taken(run, most) for run, most in zip(runs, longest, strict=True)]
    # in one message, and everything else is made on the device: no step waits for the one before
    ids, at, ends, *rest = sent((flat, positions, last, *runs, *taken), device)
    counts, scatter = rest[: len(runs)], rest[len(runs) :]
    prefix_mask = None
    if shared:
        prefix_mask = _zeros((shared, shared), dtype, device).fill_(float("-inf")).triu_(1)
        prefix_mask = prefix_mask.view(1, 1, shared, 1, shared)
    return Batch(
        prefix=shared,
        ids=ids,
        positions=at,
        lengths=tuple(lengths),
        last=ends,
        buckets=tuple(
            _bucket(shared, n, most, own, dtype)
            for n, most, own in zip(counts, longest, scatter, strict=True)
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


def _taken(lengths: Sequence[int], longest: int) -> list[int]:
    """The slot of each token where every row has `longest` slots."""
    starts = range(0, len(lengths) * longest, longest)
    return [
        slot for start, n in zip(starts, lengths, strict=True) for slot in range(start, start + n)
    ]


def _bucket(
    shared: int, n: torch.Tensor, longest: int, scatter: torch.Tensor, dtype: torch.dtype
) -> Bucket:
    """Of rows of n tokens, (rows,), on the device where the bucket is to lie."""
    rows, device = len(n), n.device
    slot = torch.arange(longest, device=device)
    real = slot < n[:, None]  # (rows, longest)
    start = n.cumsum(0) - n
    causal = slot[:, None] >= slot  # query slot sees key slots up to itself
    own = causal[None] & real[:, :, None]
    # A padding query must see something, or softmax makes NaN out of it and backward spreads it.
    if not shared:
        own[..., 0] |= ~real
    mask = _zeros((rows, longest, shared + longest), dtype, device)
    mask[..., shared:].masked_fill_(~own, float("-inf"))
    return Bucket(
        rows=rows,
        length=longest,
        gather=torch.where(real, start[:, None] + slot, 0).flatten(),
        scatter=scatter,
        mask=mask[:, None, :, None, :],
    )


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A mask that hides nothing yet. Between its lines there are zeros, too.

    Torch's fused attention copies a mask whose lines are not aligned, in every layer, and keeps the
    copies for backward. The kernel reads whole vectors, and may meet what lies behind the end of a
    line.
    """
    *lines, n = shape
    return torch.zeros(*lines, aligned(n, device), dtype=dtype, device=device)[..., :n]
