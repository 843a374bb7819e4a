"""Random heads for attention, and what each way of computing it makes of them; torch alone."""

import random

import pytest
import torch

from tuning.models.llama import attention as module
from tuning.models.llama.batch import Batch, pack
from tuning.models.llama.weights import LlamaConfig

HEADS = {"MHA": (4, 4), "GQA": (6, 2), "MQA": (4, 1)}
"""Query heads, and heads of keys and values."""
LENGTHS = {
    "very different lengths": [1, 2, 3, 11, 12, 40, 41, 90],
    "one row": [17],
    "rows of one token": [1, 1, 1],
    "rows of one length": [9, 9, 9, 9],
}


def config(heads: int, kv_heads: int) -> LlamaConfig:
    return LlamaConfig(1, heads, kv_heads, 8, 1e-6, 1e4, 2048, True)


def batch_of(
    lengths: list[int], prefix: int, dtype=torch.float64, device: torch.device | None = None
) -> Batch:
    """Rows of these lengths behind a prefix, of random ids."""
    draw = random.Random(prefix)
    own, *rows = ([draw.randrange(3, 300) for _ in range(n)] for n in (prefix, *lengths))
    return pack(own, rows, dtype, device or torch.device("cpu"))


def mixed(way, c: LlamaConfig, batch: Batch, dtype=torch.float64) -> tuple[torch.Tensor, ...]:
    """What attention makes of random heads one way, and their gradient."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        found = torch.randn(shape, generator=generator, dtype=torch.float64)
        return found.to(batch.ids.device, dtype)

    qkv = drawn(len(batch.ids), c.heads + 2 * c.kv_heads, c.head_dim).requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_attend", way)
        out = module.attention(c, batch, qkv)
    return out.detach(), *torch.autograd.grad(out, qkv, drawn(*out.shape))
