"""Greedy decoding of many prompts at once: shared prefix once, finished rows dropped."""

from collections.abc import Sequence
from functools import partial

import torch

from tuning.card import aligned, sent
from tuning.constrain import Constraint
from tuning.models.greedy import Continuation, Greedy
from tuning.models.llama.batch import Batch, pack
from tuning.models.llama.model import Llama


class Cache:
    """Keys and values while decoding: the prefix once, each row's own part beside it.

    Per layer `own` is (2, S, K, N, d) with N = longest row + tokens still to come, aligned on a
    card; a row's unused slots are masked. `prefix` is keys (K, d, P) and values (K, P, d), shared
    by all rows.
    """

    def __init__(self, model: Llama, batch: Batch, kept: list[torch.Tensor], room: int) -> None:
        c, device = model.config, model.device
        rows, self.longest = len(batch.lengths), max(batch.lengths)
        slots = aligned(self.longest + room, device)
        lengths, row, column = sent(
            (
                batch.lengths,
                [at for at, n in enumerate(batch.lengths) for _ in range(n)],
                [slot for n in batch.lengths for slot in range(n)],
            ),
            device,
        )
        self.own: list[torch.Tensor] = []
        self.prefix: list[tuple[torch.Tensor, torch.Tensor]] = []
        for layer in kept:  # (T, 2 K, d)
            keys, values = layer.split(c.kv_heads, 1)
            own = layer.new_zeros(2, rows, c.kv_heads, slots, c.head_dim)
            for target, source in ((own[0], keys), (own[1], values)):
                target.permute(0, 2, 1, 3)[row, column] = source[batch.prefix :]
            self.own.append(own)
            if batch.prefix:
                shared_k, shared_v = keys[: batch.prefix], values[: batch.prefix]
                self.prefix.append(
                    (shared_k.permute(1, 2, 0).contiguous(), shared_v.transpose(0, 1).contiguous())
                )
        self.positions = batch.prefix + lengths  # (S,) position of the next token
        at = torch.arange(slots, device=device)
        # between a short row's end and the longest row's end there is nothing
        self.hidden = (at >= lengths[:, None]) & (at < self.longest)  # (S, N)
        self.step = 0

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows only."""
        self.own = [own.index_select(1, rows) for own in self.own]
        self.positions, self.hidden = self.positions[rows], self.hidden[rows]


def decode(
    model: Llama,
    prefix: Sequence[int],
    rows: Sequence[Sequence[int]],
    max_new_tokens: int,
    stops: frozenset[int],
    constraint: Constraint | None = None,
) -> list[Continuation]:
    """Continue every row by its likeliest token until a stop token or the limit.

    Args:
        model: weights and adapter.
        prefix: ids that all rows continue.
        rows: ids of each row after the prefix, sorted by length, none empty.
        max_new_tokens: limit per row.
        stops: ids that end a row.
        constraint: what answers may be; None for anything.
    """
    going = Greedy(len(rows), stops, constraint)
    with torch.inference_mode():
        if not going.open:  # a constraint that only one answer passes leaves nothing to compute
            return going.answers()
        batch = pack(prefix, rows, model.dtype, model.device)
        model.route.begin(batch)
        kept: list[torch.Tensor] = []
        x = model.forward(batch, kept, only=batch.last)
        cache = Cache(model, batch, kept, max_new_tokens)
        del kept
        model.route.written()
        for step in range(max_new_tokens):
            if not going.take(model.logits(x)) or step + 1 == max_new_tokens:
                break
            kept_rows = going.drop()
            if kept_rows is not None:
                cache.keep(torch.tensor(kept_rows, device=model.device))
                model.route.keep(kept_rows, model.device)
            x = _step(model, cache, torch.tensor(going.tokens, device=model.device))
        return going.answers()


def _step(model: Llama, cache: Cache, tokens: torch.Tensor) -> torch.Tensor:
    """One token further for every live row: (S,) ids to hidden states (S, H)."""
    heads, kv_heads = model.config.heads, model.config.kv_heads
    x = model.embedding[tokens]
    angles = model.angles(cache.positions)
    slot = cache.longest + cache.step
    future = torch.arange(cache.hidden.shape[1], device=model.device) > slot
    mask = torch.zeros(cache.hidden.shape, dtype=model.dtype, device=model.device)
    mask = mask.masked_fill_(cache.hidden | future, float("-inf"))[:, None, None]  # (S, 1, 1, N)

    def attend(index: int, qkv: torch.Tensor) -> torch.Tensor:
        own = cache.own[index]
        own[0, :, :, slot], own[1, :, :, slot] = qkv[:, heads:].split(kv_heads, 1)
        shared = cache.prefix[index] if cache.prefix else None
        return _attend(model, qkv[:, :heads], own, shared, mask)

    for index, layer in enumerate(model.layers):
        x = model.block(layer, x, angles, partial(attend, index))
    cache.positions = cache.positions + 1
    cache.step += 1
    return x


def _attend(
    model: Llama,
    q: torch.Tensor,
    own: torch.Tensor,
    shared: tuple[torch.Tensor, torch.Tensor] | None,
    mask: torch.Tensor,
) -> torch.Tensor:
    """(S, Q, d) queries over the shared prefix and each row's own keys, to (S, Q d).

    The prefix is one matmul for all rows instead of a copy of it in every row's cache.
    """
    c = model.config
    rows, group = len(q), c.heads // c.kv_heads
    grouped = q.view(rows, c.kv_heads, group, c.head_dim)
    scores = grouped @ own[0].transpose(-1, -2) + mask  # (S, K, G, N)
    if shared is None:
        return (torch.softmax(scores, -1) @ own[1]).reshape(rows, -1)
    keys, values = shared
    flat = grouped.transpose(0, 1).reshape(c.kv_heads, rows * group, c.head_dim)
    on_prefix = (flat @ keys).view(c.kv_heads, rows, group, -1).transpose(0, 1)  # (S, K, G, P)
    length = on_prefix.shape[-1]
    weight = torch.softmax(torch.cat([on_prefix, scores], -1), -1)
    over_prefix = weight[..., :length].transpose(0, 1).reshape(c.kv_heads, rows * group, length)
    mixed = (over_prefix @ values).view(c.kv_heads, rows, group, c.head_dim).transpose(0, 1)
    return (mixed + weight[..., length:] @ own[1]).reshape(rows, -1)
