"""Llamas with random weights, and rows of random tokens: what they cost does not depend on them."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.encode import Encoded

if TYPE_CHECKING:
    from tuning.models import LanguageModel

TINY: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 512,
}  # fmt: skip
BILLION: dict[str, Any] = {
    "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256,
}  # fmt: skip
"""The shape of a 1B-class Llama with a shared head: 1.24 billion parameters."""


class NoWords:
    """A tokenizer's place: rows are ids already, and no id ends an answer."""

    eos_token_id = None
    chat_template = None

    def convert_tokens_to_ids(self, token: str) -> None:
        """It has none."""
        return None


def random_llama(folder: Path, size: dict[str, Any], dtype: str = "float32") -> Path:
    """Write a Llama with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        **size, max_position_embeddings=4096, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        bos_token_id=None, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        LlamaForCausalLM(config).save_pretrained(str(folder))
    finally:
        torch.set_default_dtype(before)
    return folder


def open_engine(folder: Path, dtype: str, device: str) -> "LanguageModel":
    """The engine on such a folder."""
    import torch

    from tuning.models.llama.engine import EngineModel

    return EngineModel(folder, NoWords(), getattr(torch, dtype), torch.device(device))


def open_in_four_bits(folder: Path, dtype: str, device: str) -> "LanguageModel":
    """What an adapter is learned on by ``qlora``."""
    import torch

    from tuning.models.library import LibraryModel

    return LibraryModel(
        folder, NoWords(), getattr(torch, dtype), torch.device(device), four_bit=True
    )


def random_rows(n: int, tokens: int, learned: int, vocabulary: int) -> list[Encoded]:
    """Training rows whose lengths differ by up to a quarter; the last tokens are learned."""
    draw = random.Random(0)
    rows = []
    for _ in range(n):
        ids = random_ids(draw, draw.randint(tokens * 3 // 4, tokens), vocabulary)
        rows.append(Encoded(ids[:-learned], ids[-learned:]))
    return rows


def random_ids(draw: random.Random, n: int, vocabulary: int) -> list[int]:
    """So many ids."""
    return [draw.randrange(vocabulary) for _ in range(n)]


def padded(rows: Sequence[Encoded]) -> dict[str, Any]:
    """A batch as transformers takes it: (rows, longest) ids, mask and labels."""
    import torch

    longest = max(len(row.prompt) + len(row.completion) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for at, row in enumerate(rows):
        whole = [*row.prompt, *row.completion]
        ids[at, : len(whole)] = torch.tensor(whole)
        mask[at, : len(whole)] = 1
        labels[at, len(row.prompt) : len(whole)] = torch.tensor(row.completion)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def tokens_of(rows: Sequence[Encoded]) -> int:
    """Prompt and completion tokens."""
    return sum(len(row.prompt) + len(row.completion) for row in rows)
