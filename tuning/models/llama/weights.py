"""Reads a Llama folder: config.json and safetensors. Refuses by name what the engine lacks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tuning.errors import TuningError
from tuning.files import each_tensor, lacking, read_json, weight_files

if TYPE_CHECKING:
    import torch


class LlamaConfig(NamedTuple):
    """The sizes the engine needs."""

    layers: int
    heads: int
    """Query heads."""
    kv_heads: int
    """Key and value heads; `heads` is a multiple of it."""
    head_dim: int
    rms_eps: float
    rope_theta: float
    context_length: int
    tied: bool
    """The vocabulary head is the embedding."""


def read_config(folder: Path) -> LlamaConfig:
    """Sizes from ``config.json``.

    Raises:
        TuningError: another architecture, or a feature that this engine does not have.
    """
    raw = read_json(folder / "config.json")
    missing = unsupported(raw)
    if missing:
        raise TuningError(
            f"the small engine does not support {missing}", "open the model by the library path"
        )
    rope = raw.get("rope_parameters") or {}
    heads = int(raw["num_attention_heads"])
    return LlamaConfig(
        layers=int(raw["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(raw.get("num_key_value_heads") or heads),
        head_dim=int(raw.get("head_dim") or raw["hidden_size"] // heads),
        rms_eps=float(raw.get("rms_norm_eps", 1e-6)),
        rope_theta=float(rope.get("rope_theta") or raw.get("rope_theta") or 10000.0),
        context_length=int(raw.get("max_position_embeddings", 2048)),
        tied=bool(raw.get("tie_word_embeddings", False)),
    )


def unsupported(raw: dict[str, Any]) -> str:
    """The first feature of a config.json that the engine lacks, in words; empty = it can run."""
    if raw.get("model_type") != "llama":
        return f"architecture {raw.get('model_type')!r}"
    if raw.get("quantization_config"):
        return "quantised weights"
    for flag in ("attention_bias", "mlp_bias"):
        if raw.get(flag):
            return flag
    if raw.get("hidden_act", "silu") != "silu":
        return f"activation {raw['hidden_act']!r}"
    # older files say it in one key, newer ones in the other, some in both
    for rope in (raw.get("rope_scaling") or {}, raw.get("rope_parameters") or {}):
        kind = rope.get("rope_type") or rope.get("type") or "default"
        if kind != "default":
            return f"rope scaling {kind!r}"
        if rope.get("partial_rotary_factor", 1.0) != 1.0:
            return "partial rotary embedding"
    return ""


class Weights(dict[str, "torch.Tensor"]):
    """Tensors by name; one that the folder's files lack is an error of ours."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> "torch.Tensor":
        raise lacking(name, self.folder)

    def take(self, name: str) -> "torch.Tensor":
        """A tensor that is not wanted twice, so that what is made of it does not stand beside it.

        Held together, a model would pass through one and a half times its own size at the start.
        """
        tensor = self[name]
        del self[name]
        return tensor


def read_weights(folder: Path, dtype: "torch.dtype", device: "torch.device") -> Weights:
    """All tensors by name, cast and placed.

    Raises:
        TuningError: no safetensors in the folder, or a damaged one.
    """
    tensors = Weights(folder)
    for file in weight_files(folder):
        for name, tensor in each_tensor(file):
            tensors[name] = tensor.to(device, dtype)
    return tensors
