"""Attention of flat tokens: each row sees the shared prefix and itself.

Shapes below: S rows, L slots of a row, P tokens of the prefix, N keys, Q query heads, K key/value
heads, G = Q / K, d head size.
"""

import torch

from tuning.models.llama.batch import Batch
from tuning.models.llama.ops import from_slots, to_slots
from tuning.models.llama.weights import LlamaConfig

FAR_LONGER = 10
"""From so many times the length of a row on, a prefix is not copied beside the row. Attention in
float32 on one core: 64 rows of 20 tokens behind 600 took half the time, rows of 40 behind 100 the
same, longer rows a quarter more."""


def attention(c: LlamaConfig, batch: Batch, qkv: torch.Tensor) -> torch.Tensor:
    """Each row sees the prefix and itself: (T, Q + 2 K, d) to (T, Q d)."""
    own = [len(bucket.scatter) for bucket in batch.buckets]
    prefix, *parts, filler = qkv.split([batch.prefix, *own, batch.filler])
    out = []
    q, prefix_k, prefix_v = _heads(c, prefix[None])
    if batch.prefix_mask is not None:
        out.append(_attend(q, prefix_k, prefix_v, batch.prefix_mask)[0])
    for bucket, part in zip(batch.buckets, parts, strict=True):
        slots = to_slots(part, bucket.gather, bucket.scatter)
        q, k, v = _heads(c, slots.unflatten(0, (bucket.rows, bucket.length)))
        if batch.prefix > FAR_LONGER * bucket.length and not q.is_cuda:
            mixed = _attend_apart(q, (k, v), (prefix_k[0], prefix_v[0]), bucket.mask)
        else:
            if batch.prefix:
                k = torch.cat([prefix_k.expand(bucket.rows, -1, -1, -1), k], 1)
                v = torch.cat([prefix_v.expand(bucket.rows, -1, -1, -1), v], 1)
            mixed = _attend(q, k, v, bucket.mask)
        out.append(from_slots(mixed.flatten(0, 1), bucket.scatter))
    if batch.filler:
        out.append(filler.new_zeros(batch.filler, c.heads * c.head_dim))
    return torch.cat(out) if len(out) > 1 else out[0].reshape(-1, c.heads * c.head_dim)


def _attend_apart(
    q: torch.Tensor,
    own: tuple[torch.Tensor, torch.Tensor],
    prefix: tuple[torch.Tensor, torch.Tensor],
    mask: torch.Tensor,
) -> torch.Tensor:
    """Like `_attend`, the prefix P read where it is instead of copied beside every row.

    Args:
        q: (S, L, K, G, d).
        own: keys and values of the rows, (S, L, K, d) each.
        prefix: keys and values that all rows see, (P, K, d) each.
        mask: (S, 1, L, 1, P + L).

    Returns:
        (S, L, Q d).
    """
    rows, length, kv_heads, group, d = q.shape
    n = len(prefix[0])
    keys, values = (one.permute(2, 0, 1, 3).reshape(kv_heads * rows, length, d) for one in own)
    queries = q.permute(2, 0, 1, 3, 4).reshape(kv_heads, rows * length * group, d)
    on_prefix = queries @ prefix[0].permute(1, 2, 0)  # (K, S L G, P)
    on_own = queries.reshape(kv_heads * rows, length * group, d) @ keys.transpose(1, 2)
    on_own = on_own.view(kv_heads, rows, length, group, length).add_(mask[:, 0, ..., n:])
    scores = torch.cat([on_prefix, on_own.view(kv_heads, -1, length)], -1)
    weight = torch.softmax(scores, -1)  # (K, S L G, P + L)
    mixed = weight[..., :n] @ prefix[1].transpose(0, 1)
    of_row = weight.view(kv_heads * rows, length * group, n + length)[..., n:]
    mixed = mixed + (of_row @ values).view_as(mixed)
    mixed = mixed.view(kv_heads, rows, length, group, d).permute(1, 2, 0, 3, 4)
    return mixed.reshape(rows, length, kv_heads * group * d)


def _heads(c: LlamaConfig, qkv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(S, L, Q + 2 K, d) to q (S, L, K, G, d), k and v (S, L, K, d)."""
    q = qkv[..., : c.heads, :].unflatten(-2, (c.kv_heads, c.heads // c.kv_heads))
    k, v = qkv[..., c.heads :, :].split(c.kv_heads, -2)
    return q, k, v


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Q (S, L, K, G, d), k and v (S, N, K, d), mask (S, 1, L, 1, N) to (S, L, Q d).

    On the CPU the fused kernel's masked backward was measured ten times slower than `grouped`.
    """
    return fused(q, k, v, mask) if q.is_cuda else grouped(q, k, v, mask)


def fused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """See `_attend`; torch's own, which keeps no weights for backward, but keys for every query."""
    group = q.shape[3]
    mixed = torch.nn.functional.scaled_dot_product_attention(
        q.flatten(2, 3).transpose(1, 2),
        k.transpose(1, 2).repeat_interleave(group, 1),
        v.transpose(1, 2).repeat_interleave(group, 1),
        mask[:, :, :, 0],
        scale=1.0,
    )
    return mixed.transpose(1, 2).flatten(2)


def grouped(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """See `_attend`; queries of one group share one matmul, with plain softmax."""
    rows, length, kv_heads, group, d = q.shape
    n = k.shape[1]
    queries = q.permute(0, 2, 1, 3, 4).reshape(rows * kv_heads, length * group, d)
    scores = queries @ k.permute(0, 2, 3, 1).reshape(rows * kv_heads, d, n)
    scores.view(rows, kv_heads, length, group, n).add_(mask)
    values = v.transpose(1, 2).reshape(rows * kv_heads, n, d)
    mixed = torch.softmax(scores, -1) @ values
    mixed = mixed.view(rows, kv_heads, length, group, d).permute(0, 2, 1, 3, 4)
    return mixed.reshape(rows, length, kv_heads * group * d)
