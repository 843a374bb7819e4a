"""Products in float32 on a CPU by oneDNN, and weights laid out for it.

torch multiplies float32 by MKL, which was measured slower on an AMD processor: training took 1.09
times as long, with the same losses. oneDNN multiplies by blocks, and given a plain weight arranges
it anew in every product, which matters where there are few rows: laid out once, answers to 1 to 16
prompts took .6 to .85 of the time. In bfloat16, which torch multiplies by oneDNN anyway, a layout
brought nothing (DECISIONS.md has the figures).
"""

from typing import Any, Final

import torch

from tuning.sizes import MOST_LAID_OUT

_ROWS: Final = 64
"""Rows that the layout is chosen for; it serves any number."""


class Packed:
    """A float32 weight (out, in), laid out; a copy, which later changes of it do not reach."""

    def __init__(self, weight: torch.Tensor) -> None:
        self._weight: Any = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), _ROWS)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(T, in) to (T, out)."""
        return _by_onednn(x, self._weight)


def packs(parameters: int, weight: torch.Tensor) -> bool:
    """Whether a model of so many parameters is laid out, by any of its weights."""
    return parameters * weight.itemsize <= MOST_LAID_OUT and _takes(weight)


def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(T, in) and (out, in) to (T, out), outside of autograd."""
    if _takes(weight):
        return _by_onednn(x, weight)
    return torch.nn.functional.linear(x, weight)


def _takes(weight: torch.Tensor) -> bool:
    # builds for ARM may lack oneDNN
    plain = weight.dtype == torch.float32 and weight.device.type == "cpu"
    return plain and torch.backends.mkldnn.is_available()


def _by_onednn(x: torch.Tensor, weight: Any) -> torch.Tensor:
    out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return out
