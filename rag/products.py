"""Models that read texts in bfloat16: their matrix products are, and nothing else.

Loaded in bfloat16 whole, every sum and every normalisation is rounded to 8 bits, and vectors of
real passages end as far apart from float32 as .9965 in cosine; with the products alone rounded they
stay within .9999, in the same time (``python -m bench embedding``).
"""

from typing import Any, Final

import torch

_TOKENS: Final = 1024
"""That a layout is chosen for; it serves any number."""


class Product(torch.nn.Module):
    """A linear layer whose weights and inputs are rounded to bfloat16.

    Args:
        layer: the float32 layer whose place it takes.
    """

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self._weight: Any = layer.weight.data.to(torch.bfloat16)
        self._bias = None if layer.bias is None else layer.bias.data.to(torch.bfloat16)
        self._laid_out = _lays_out(self._weight)
        if self._laid_out:
            # oneDNN multiplies by blocks; given a plain weight it arranges it anew in every product
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, _TOKENS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(…, in) float32 to (…, out) float32."""
        rounded = x.to(torch.bfloat16)
        out: torch.Tensor = (
            torch.ops.mkldnn._linear_pointwise(rounded, self._weight, self._bias, "none", [], "")
            if self._laid_out
            else torch.nn.functional.linear(rounded, self._weight, self._bias)
        )
        return out.float()


def multiply_in_bfloat16(model: torch.nn.Module) -> None:
    """Put a `Product` in the place of every linear layer of a float32 model, for reading only."""
    with torch.inference_mode():
        for owner in list(model.modules()):
            for name, layer in list(owner.named_children()):
                # not of a class derived from it: that may do more than multiply
                if type(layer) is torch.nn.Linear:
                    setattr(owner, name, Product(layer))


def _lays_out(weight: torch.Tensor) -> bool:
    return (
        weight.device.type == "cpu"
        and torch.backends.mkldnn.is_available()  # builds for ARM may lack it
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )
