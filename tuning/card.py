"""A CUDA card: what torch is told before a model works on it, and numbers sent there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import torch

    from tuning.constrain import Ids

KIND: Final = "cuda"
"""What torch calls such a device."""


ALIGNED: Final = 8
"""Values: products and masks of other lengths take slower kernels, or are copied first."""


def prepare(device: "torch.device") -> None:
    """Set torch up for a model on this device; whoever opens one calls it first.

    On the CPU it changes nothing. The settings hold for the whole process.
    """
    if device.type != KIND:
        return
    import torch

    # On Hopper and Blackwell torch would take cuDNN's attention first, which makes a plan for each
    # shape that it meets, .02 to .5 s each: batches here hardly ever come in the same shape twice.
    torch.backends.cuda.enable_cudnn_sdp(False)
    # Split sums would be rounded to bfloat16 in between, and with them an adapter's part of a
    # product, which only a float32 sum holds (`tuning.models.llama.ops.AdaptedLinear`).
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


def aligned(n: int, device: "torch.device") -> int:
    """A length that a card's kernels take as it is: a multiple of 8 there, the same elsewhere."""
    return -(-n // ALIGNED) * ALIGNED if device.type == KIND else n


def moved(tensor: "torch.Tensor", device: "torch.device") -> "torch.Tensor":
    """A tensor of the CPU on a device.

    A copy from ordinary memory waits until the card has done all that it was asked before, and the
    card then waits for us. One from pinned memory is put in line.
    """
    if device.type != KIND:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def sent(lists: "Sequence[Sequence[int] | Ids]", device: "torch.device") -> "list[torch.Tensor]":
    """Lists of whole numbers as int64 tensors on a device, all in one message; see `moved`.

    Returns:
        One tensor a list, as long as it; views of one storage.
    """
    import torch

    if not lists:
        return []
    whole = [np.asarray(some, np.int64) for some in lists]
    flat = moved(torch.from_numpy(np.concatenate(whole)), device)
    return list(flat.split([len(some) for some in whole]))
