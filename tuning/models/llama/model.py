"""The forward pass over flat tokens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.checkpoint import checkpoint

from tuning.models.llama.attention import attention
from tuning.models.llama.batch import Batch
from tuning.models.llama.many import Route
from tuning.models.llama.ops import rms_norm, rotate, swiglu
from tuning.models.llama.packed import Packed, packs
from tuning.models.llama.projection import Projection
from tuning.models.llama.weights import LlamaConfig, Weights, read_config, read_weights


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
        self._packed_head: Packed | None = None

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
            return attention(self.config, batch, qkv)

        for layer in self.layers:
            wanted = only if layer is self.layers[-1] else None
            if recompute and torch.is_grad_enabled():
                # nothing in a block is drawn at random, so there is no state to take along
                x = checkpoint(
                    self.block, layer, x, angles, attend, wanted,
                    use_reentrant=False, preserve_rng_state=False,
                )  # fmt: skip
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
        normed = rms_norm(x, self.norm, self.config.rms_eps)
        if self._packed_head is not None:
            return self._packed_head(normed)
        return torch.nn.functional.linear(normed, self.head)

    @contextmanager
    def laid_out(self) -> Iterator[None]:
        """Answer by weights laid out for it; see `tuning.models.llama.packed`."""
        if not packs(self.n_parameters, self.head):
            yield
            return
        try:
            with torch.inference_mode():
                for layer in self.layers:
                    for projection in layer.projections():
                        projection.pack()
                self._packed_head = Packed(self.head)
            yield
        finally:
            self.unpack()

    def unpack(self) -> None:
        """Read the weights themselves again, which have changed or are about to."""
        self._packed_head = None
        for layer in self.layers:
            for projection in layer.projections():
                projection.packed = None
