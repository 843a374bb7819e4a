"""What the tuning package is held against: full sequences through transformers and PEFT."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from tuning.encode import Encoded
from tuning.models import open_model
from tuning.recipe import AdapterShape

CPU = torch.device("cpu")

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Linear layers of a Llama's blocks."""

# PEFT asks transformers for a name that transformers is about to drop.
PEFT_WARNING = "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"


def plain_model(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    return AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=dtype, attn_implementation="eager"
    ).eval()


def opened(folder: Path, path: str = "engine", dtype: torch.dtype = torch.float32) -> Any:
    return open_model(folder, dtype=dtype, device=CPU, path=path)


def with_adapter(folder: Path, adapter: Path, *, trainable: bool = False) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(plain_model(folder), str(adapter), is_trainable=trainable)


def plain_loss(model: Any, rows: Sequence[Encoded]) -> torch.Tensor:
    """Summed NLL with the prompt masked by -100, one whole sequence at a time."""
    total = torch.zeros(())
    for row in rows:
        ids = torch.tensor([[*row.prompt, *row.completion]])
        labels = torch.tensor([[-100] * len(row.prompt) + row.completion])
        logits = model(ids).logits.float()
        total = total + torch.nn.functional.cross_entropy(
            logits[0, :-1], labels[0, 1:], ignore_index=-100, reduction="sum"
        )
    return total


def plain_greedy(
    model: Any, prompt: Sequence[int], most: int, stops: frozenset[int]
) -> tuple[list[int], bool]:
    """New ids without the stop token, and whether the limit ended them; one prompt alone."""
    ids = torch.tensor([list(prompt)])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=most,
        eos_token_id=sorted(stops),
        pad_token_id=0,
    )
    new = out[0, len(prompt) :].tolist()
    return (new[:-1], False) if new[-1] in stops else (new, True)


def some_ids(rng: random.Random, count: int) -> list[int]:
    """Ids of ordinary tokens: above the three special ones, below the smallest vocabulary."""
    return [rng.randrange(3, 300) for _ in range(count)]


def some_rows(sizes: Sequence[tuple[int, int]], shared: int = 0, seed: int = 0) -> list[Encoded]:
    """Random rows of (prompt, completion) lengths, each after `shared` ids that all begin with."""
    rng = random.Random(seed)
    opening = some_ids(rng, shared)
    return [Encoded([*opening, *some_ids(rng, p)], some_ids(rng, c)) for p, c in sizes]


def settle(model: Any, seed: int = 0) -> None:
    """Move every adapter tensor away from its start, so that B is not zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in model.adapter_parameters():
            tensor.add_(torch.randn(tensor.shape, generator=generator) * 0.1)
    model.adapter_changed()


def trained(model: Any, folder: Path, rank: int = 3, seed: int = 0) -> Path:
    """Gives the model an adapter that changes it, and saves that; rank 0 for all weights."""
    model.new_adapter(AdapterShape(rank, 2 * rank) if rank else None, seed)
    settle(model, seed)
    model.save_adapter(folder)
    return folder


def peft_adapter(base: Path, folder: Path, **changes: Any) -> Path:
    """Made and saved by PEFT alone, its B matrices not zero."""
    from peft import LoraConfig, get_peft_model

    settings = {"r": 4, "lora_alpha": 12, "target_modules": list(ALL_LINEAR), **changes}
    with torch.random.fork_rng():
        torch.manual_seed(1)  # PEFT draws A from the global generator, whatever ran before
        model = get_peft_model(plain_model(base), LoraConfig(task_type="CAUSAL_LM", **settings))
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    model.save_pretrained(str(folder))
    return folder
