"""Opening a folder by transformers: only its own code, only files that are here."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.errors import TuningError
from tuning.files import read_json
from tuning.four_bits import FIX, in_four_bits

if TYPE_CHECKING:
    import torch


def open_by_library(
    folder: Path, dtype: "torch.dtype", device: "torch.device", *, four_bit: bool = False
) -> Any:
    """A transformers model, on the CPU unless its weights are held in 4 bits.

    On a graphics card with fused attention (SDPA), unless the architecture has none: Gemma 2, which
    caps what attention is computed from, and others that transformers refuses it for. On the CPU
    plain: masked SDPA's backward was measured ten times slower there.

    Raises:
        TuningError: no 4 bits here, or for this model.
    """
    from transformers import AutoModelForCausalLM

    held = _held_in_four_bits(folder, dtype, device) if four_bit else {}
    ways = ("sdpa", "eager") if device.type == "cuda" else ("eager",)
    for attention in ways:
        try:
            return AutoModelForCausalLM.from_pretrained(
                str(folder),
                dtype=dtype,
                attn_implementation=attention,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                **held,
            )
        except ValueError:  # raised before any weight is read; of something else, raised again
            if attention == ways[-1]:
                raise
    raise AssertionError("unreachable: the last way returns or raises")


def _held_in_four_bits(
    folder: Path, dtype: "torch.dtype", device: "torch.device"
) -> dict[str, Any]:
    if read_json(folder / "config.json").get("quantization_config"):
        raise TuningError("this base's weights are quantised already", FIX)
    # they are packed where they will live: what is packed cannot be moved
    return {"quantization_config": in_four_bits(dtype), "device_map": {"": device}}
