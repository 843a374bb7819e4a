"""QLoRA (Dettmers et al. 2023, arXiv 2305.14314): an adapter learned on a base held in 4 bits.

The linear layers stand in NF4 with double quantisation and are unpacked for each product, so what
is saved is memory, not time. Only learning happens on such a base: the adapter then answers on the
base as it is, like every other rung, and what was measured is what is shipped.
"""

import importlib.util
from typing import TYPE_CHECKING, Any, Final

from tuning.errors import TuningError

if TYPE_CHECKING:
    import torch

PACKAGE: Final = "bitsandbytes"
FIX: Final = f'run pip install {PACKAGE}, or write method = "lora" under [tuning] in rungwise.toml'


def lacking() -> str:
    """What 4 bits cannot be had for on this machine; empty where they can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return f"weights in 4 bits (qlora) need the package {PACKAGE}, which is not installed"
    return ""


def in_four_bits(dtype: "torch.dtype") -> Any:
    """How transformers is to load a base: its setting of that name.

    Args:
        dtype: what weights are unpacked to, and activations are held in.

    Raises:
        TuningError: the package is missing, or cannot be imported.
    """
    if reason := lacking():
        raise TuningError(reason, FIX)
    try:
        importlib.import_module(PACKAGE)
    except ImportError as error:
        raise TuningError(f"the package {PACKAGE} cannot be imported ({error})", FIX) from error
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
