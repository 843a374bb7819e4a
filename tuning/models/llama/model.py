"""The forward pass over flat tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.checkpoint import checkpoint

from tuning.models.llama.batch import Batch
from tuning.models.llama.many import Route
from tuning.models.llama.ops import from_slots, rms_norm, rotate, swiglu, to_slots
from tuning.models.llama.projection import Projection
from tuning.models.llama.weights import LlamaConfig, Weights, read_config, read_weights

FAR_LONGER = 10
"""From so many times the length of a row on, a prefix is not copied beside the row. Attention in
float32 on one core: 64 rows of 20 tokens behind 600 took half the time, rows of 40 behind 100 the
same, longer rows a quarter more."""


class Layer(NamedTuple):
    """One transformer block."""

    attention_norm: torch.Tensor
    qkv: Projection
    out: Projection
    mlp_norm: torch.Tensor
    gate_up: Projection
    down: Projection

    def projections(self) -> tuple[Projection, ...]:
        """Everything an adapter attaches to, in order."""
        return self.qkv, self.out, self.gate_up, self.down


class Llama:
    """A frozen Llama.

    Shapes below: T tokens, H hidden, Q query heads, K key/value heads, G = Q / K, d head size.

    Args:
        folder: config.json and *.safetensors.
        dtype: float32 or bfloat16.
        device: where the weights live.
    """

    def __init__(self, folder: Path, dtype: torch.dtype, device: torch.device) -> None:
        self.config: LlamaConfig = read_config(folder)
        self.dtype, self.device = dtype, device
        self.route = Route()
        """Which row goes through which adapter, where several are there."""
        weights = read_weights(folder, dtype, device)
        self.n_parameters = sum(int(tensor.numel()) for tensor in weights.values())
        self.embedding = weights["model.embed_tokens.weight"]  # (V, H)
        tied = self.config.tied and "lm_head.weight" not in weights
        self.head = self.embedding if tied else weights["lm_head.weight"]  # (V, H)
        self.norm = weights["model.norm.weight"]
        self.layers = [self._layer(weights, i) for i in range(self.config.layers)]
        half = torch.arange(0, self.config.head_dim, 2, dtype=torch.float32)
        self.frequencies = (self.config.rope_theta ** (-half / self.config.head_dim)).to(device)
        """(d / 2,), radians a position (RoPE: Su et al. 2021, arXiv 2104.09864)."""

    @staticmethod
    def _layer(weights: Weights, index: int) -> Layer:
        prefix = f"model.layers.{index}."

        def projection(block: str, *pieces: str) -> Projection:
            names = [f"{prefix}{block}.{piece}_proj" for piece in pieces]
            return Projection(names, [weights.take(f"{name}.weight") for name in names])

        return Layer(
            attention_norm=weights[f"{prefix}input_layernorm.weight"],
            qkv=projection("self_attn", "q", "k", "v"),
            out=projection("self_attn", "o"),
            mlp_norm=weights[f"{prefix}post_attention_layernorm.weight"],
            gate_up=projection("mlp", "gate", "up"),
            down=projection("mlp", "down"),
        )

    def learnable(self) -> dict[str, torch.Tensor]:
        """Every tensor that the forward pass reads, fused as it reads them."""
        found = {"embedding": self.embedding, "norm": self.norm}
        if self.head is not self.embedding:
            found["head"] = self.head
        for index, layer in enumerate(self.layers):
            found[f"{index}.attention_norm"] = layer.attention_norm
            found[f"{index}.mlp_norm"] = layer.mlp_norm
            for place, projection in enumerate(layer.projections()):
                found[f"{index}.{place}"] = projection.weight
        return found

    def named(self) -> dict[str, torch.Tensor]:
        """The same weights apart, by the names they have in a model folder."""
        found = {"model.embed_tokens.weight": self.embedding, "model.norm.weight": self.norm}
        if self.head is not self.embedding:
            found["lm_head.weight"] = self.head
        for index, layer in enumerate(self.layers):
            prefix = f"model.layers.{index}."
            found[f"{prefix}input_layernorm.weight"] = layer.attention_norm
            found[f"{prefix}post_attention_layernorm.weight"] = layer.mlp_norm
            for projection in layer.projections():
                own = projection.own_weights()
                found |= {f"{name}.weight": weight for name, weight in own.items()}
        return found

    def angles(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cos and sin (T, Q + K, d / 2); attention's 1/sqrt(d) is folded into the queries'."""
        c = self.config
        factor = torch.ones(c.heads + c.kv_heads, 1, device=self.device)
        factor[: c.heads] = c.head_dim**-0.5
        angle = positions.float()[:, None] * self.frequencies  # (T, d / 2)
        cos, sin = angle.cos()[:, None] * factor, angle.sin()[:, None] * factor
        return cos.to(self.dtype), sin.to(self.dtype)

    def forward(
        self,
        batch: Batch,
        keep_cache: list[torch.Tensor] | None = None,
        only: torch.Tensor | None = None,
        recompute: bool = False,
    ) -> torch.Tensor:
        """Hidden states before the final norm.

        Args:
            batch: the rows.
            keep_cache: a list that receives each layer's rotated keys and values, (T, 2 K, d).
            only: flat indices whose states are wanted; the last layer skips the others.
            recompute: for backward keep each layer's input only, and compute the layer again.

        Returns:
            (T, H), or (len(only), H).
        """
        x = self.embedding[batch.ids]
        angles = self.angles(batch.positions)

        def attend(qkv: torch.Tensor) -> torch.Tensor:
            if keep_cache is not None:
                keep_cache.append(qkv[:, self.config.heads :])
            return self._attention(batch, qkv)

        for layer in self.layers:
            wanted = only if layer is self.layers[-1] else None
            if recompute and torch.is_grad_enabled():
                x = checkpoint(self.block, layer, x, angles, attend, wanted, use_reentrant=False)
            else:
                x = self.block(layer, x, angles, attend, wanted)
        return x

    def block(
        self,
        layer: Layer,
        x: torch.Tensor,
        angles: tuple[torch.Tensor, torch.Tensor],
        attend: Callable[[torch.Tensor], torch.Tensor],
        only: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """One transformer block.

        Args:
            layer: its weights.
            x: (T, H).
            angles: see `angles`.
            attend: attention over whatever the tokens may see: (T, Q + 2 K, d) to (T, Q d).
            only: indices of the tokens whose states are wanted; None for all.

        Returns:
            (T, H), or (len(only), H).
        """
        c = self.config
        normed = rms_norm(x, layer.attention_norm, c.rms_eps)
        mixed = attend(rotate(layer.qkv(normed).view(len(x), -1, c.head_dim), *angles))
        if only is not None:
            x, mixed = x.index_select(0, only), mixed.index_select(0, only)
        x = x + layer.out(mixed)
        return x + layer.down(swiglu(layer.gate_up(rms_norm(x, layer.mlp_norm, c.rms_eps))))

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """(T, H) to (T, V): final norm and vocabulary head; costly, so call it on few tokens."""
        return torch.nn.functional.linear(rms_norm(x, self.norm, self.config.rms_eps), self.head)

    def _attention(self, batch: Batch, qkv: torch.Tensor) -> torch.Tensor:
        """Each row sees the prefix and itself: (T, Q + 2 K, d) to (T, Q d)."""
        c = self.config
        own = [len(bucket.scatter) for bucket in batch.buckets]
        prefix, *parts, filler = qkv.split([batch.prefix, *own, batch.filler])
        out = []
        q, prefix_k, prefix_v = self._heads(prefix[None])
        if batch.prefix_mask is not None:
            out.append(self._attend(q, prefix_k, prefix_v, batch.prefix_mask)[0])
        for bucket, part in zip(batch.buckets, parts, strict=True):
            slots = to_slots(part, bucket.gather, bucket.scatter)
            q, k, v = self._heads(slots.unflatten(0, (bucket.rows, bucket.length)))
            if batch.prefix > FAR_LONGER * bucket.length and not q.is_cuda:
                mixed = self._attend_apart(q, (k, v), (prefix_k[0], prefix_v[0]), bucket.mask)
            else:
                if batch.prefix:
                    k = torch.cat([prefix_k.expand(bucket.rows, -1, -1, -1), k], 1)
                    v = torch.cat([prefix_v.expand(bucket.rows, -1, -1, -1), v], 1)
                mixed = self._attend(q, k, v, bucket.mask)
            out.append(from_slots(mixed.flatten(0, 1), bucket.scatter))
        if batch.filler:
            out.append(filler.new_zeros(batch.filler, c.heads * c.head_dim))
        return torch.cat(out) if len(out) > 1 else out[0].reshape(-1, c.heads * c.head_dim)

    @staticmethod
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

    def _heads(self, qkv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(S, L, Q + 2 K, d) to q (S, L, K, G, d), k and v (S, L, K, d)."""
        c = self.config
        q = qkv[..., : c.heads, :].unflatten(-2, (c.kv_heads, c.heads // c.kv_heads))
        k, v = qkv[..., c.heads :, :].split(c.kv_heads, -2)
        return q, k, v

    def _attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Q (S, L, K, G, d), k and v (S, N, K, d), mask (S, 1, L, 1, N) to (S, L, Q d).

        On the CPU queries of one group share one matmul with plain softmax: the fused kernel's
        masked backward was measured ten times slower there. On CUDA the fused kernel wins.
        """
        rows, length, kv_heads, group, d = q.shape
        n = k.shape[1]
        if q.is_cuda:
            mixed = torch.nn.functional.scaled_dot_product_attention(
                q.flatten(2, 3).transpose(1, 2),
                k.transpose(1, 2).repeat_interleave(group, 1),
                v.transpose(1, 2).repeat_interleave(group, 1),
                mask[:, :, :, 0],
                scale=1.0,
            )
            return mixed.transpose(1, 2).reshape(rows, length, -1)
        queries = q.permute(0, 2, 1, 3, 4).reshape(rows * kv_heads, length * group, d)
        scores = queries @ k.permute(0, 2, 3, 1).reshape(rows * kv_heads, d, n)
        scores.view(rows, kv_heads, length, group, n).add_(mask)
        values = v.transpose(1, 2).reshape(rows * kv_heads, n, d)
        mixed = torch.softmax(scores, -1) @ values
        mixed = mixed.view(rows, kv_heads, length, group, d).permute(0, 2, 1, 3, 4)
        return mixed.reshape(rows, length, kv_heads * group * d)
