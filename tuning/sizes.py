"""How large a language model is, from its config.json or, for one that is not here, its name."""

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from tuning.errors import TuningError
from tuning.models.llama.weights import unsupported

MOST_LAID_OUT: Final = 1_000_000_000
"""Bytes of float32 weights up to which the small engine lays them out for answering on a CPU, which
doubles what they hold (`tuning.models.llama.packed`). A fixed size, not the memory at hand, so that
a model rounds alike in every run on a machine."""


class ModelSizes(NamedTuple):
    """What memory and computation follow from; a decoder with gated feed-forward parts."""

    layers: int
    hidden: int
    intermediate: int
    """Width of the feed-forward part."""
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    """The vocabulary head is the embedding."""
    engine: bool = True
    """The small engine knows the architecture; else transformers runs it."""

    @property
    def linear(self) -> int:
        """Weights in the linear layers of all blocks: what a token is multiplied with."""
        attention = (2 * self.heads + 2 * self.kv_heads) * self.head_dim * self.hidden
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def embeddings(self) -> int:
        """Weights of the embedding and, where it is one of its own, the head."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """All weights; norms are left out, they are a ten-thousandth."""
        return self.linear + self.embeddings

    def adapter(self, rank: int) -> int:
        """Weights of a LoRA adapter of this rank on every linear layer: rank (in + out) each."""
        query, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = 2 * (self.hidden + query) + 2 * (self.hidden + keys)
        feed_forward = 3 * (self.hidden + self.intermediate)
        return self.layers * rank * (attention + feed_forward)


# Published config.json of the usual open models of each size: (billions of parameters, sizes).
_USUAL = (
    (0.135, ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)),  # SmolLM2-135M
    (0.36, ModelSizes(32, 960, 2560, 15, 5, 64, 49152, True)),  # SmolLM2-360M
    (0.5, ModelSizes(24, 896, 4864, 14, 2, 64, 151936, True)),  # Qwen2.5-0.5B
    (1.2, ModelSizes(16, 2048, 8192, 32, 8, 64, 128256, True)),  # Llama-3.2-1B
    (1.7, ModelSizes(24, 2048, 8192, 32, 32, 64, 49152, True)),  # SmolLM2-1.7B
    (3.2, ModelSizes(28, 3072, 8192, 24, 8, 128, 128256, True)),  # Llama-3.2-3B
    (7.0, ModelSizes(32, 4096, 11008, 32, 32, 128, 32000, False)),  # Llama-2-7B
    (8.0, ModelSizes(32, 4096, 14336, 32, 8, 128, 128256, False)),  # Llama-3.1-8B
    (13.0, ModelSizes(40, 5120, 13824, 40, 40, 128, 32000, False)),  # Llama-2-13B
    (32.0, ModelSizes(64, 5120, 27648, 40, 8, 128, 152064, False)),  # Qwen2.5-32B
    (70.0, ModelSizes(80, 8192, 28672, 64, 8, 128, 128256, False)),  # Llama-3.1-70B
)
_NAMED = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s?([mb])(?![a-z0-9])", re.IGNORECASE)


def read_sizes(folder: Path) -> ModelSizes:
    """Sizes of a model that is here.

    Raises:
        TuningError: config.json is missing, cut off, or does not say them.
    """
    try:
        whole: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        raw = whole.get("text_config") or whole
        heads, hidden = int(raw["num_attention_heads"]), int(raw["hidden_size"])
        return ModelSizes(
            layers=int(raw["num_hidden_layers"]),
            hidden=hidden,
            intermediate=int(raw["intermediate_size"]),
            heads=heads,
            kv_heads=int(raw.get("num_key_value_heads") or heads),
            head_dim=int(raw.get("head_dim") or hidden // heads),
            vocabulary=int(raw["vocab_size"]),
            tied=bool(raw.get("tie_word_embeddings", False)),
            engine=not unsupported(whole),
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise TuningError(
            f"{folder}: config.json does not say how large the model is ({error})",
            "give the folder of a language model saved with save_pretrained",
        ) from error


def sizes_named(name: str) -> ModelSizes | None:
    """Sizes that a name like ``mistral-7b`` speaks of: those of the usual model nearest in size.

    None where the name says nothing of a size, or of one no usual model comes near.
    """
    found = _NAMED.search(name.rsplit("/", 1)[-1])
    if found is None:
        return None
    billions = float(found[1]) * (1.0 if found[2].lower() == "b" else 1e-3)
    nearest = min(_USUAL, key=lambda usual: abs(usual[0] - billions))
    return nearest[1] if 0.7 <= nearest[0] / billions <= 1.4 else None
