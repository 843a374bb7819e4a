"""Training steps on the same rows: the engine beside PEFT on transformers, interleaved.

Rows are those of the ticket-routing sample, rendered as the product renders them. The stock side
is what a careful user writes by hand: weights in the same precision, rows sorted into padded
batches of 16, AdamW on the adapter, no checkpointing. Both sides start from the same adapter. In
float32 their losses agree (tests/tuning/test_train_agreement.py); in bfloat16 PEFT adds its
low-rank term to an already rounded product and loses most of it, so its losses lag behind.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from advisor.project import open_project
from advisor.workflow import load
from harness.device import pick_device
from harness.models import resolve
from harness.prompts import render, target
from harness.types import Json
from tuning.encode import Encoded, encode_example
from tuning.models import open_model, open_tokenizer
from tuning.recipe import adapter_shape

BATCH, STEPS, REPEATS, RATE = 16, 3, 3, 1e-3
Step = Callable[[Sequence[Encoded]], float]


def measure() -> dict[str, Json]:
    """Tokens a second of both sides, their ratio over several repeats, and how losses agree."""
    import torch

    device = pick_device()
    torch.set_num_threads(device.threads)
    ref = resolve("smollm2-135m-instruct", "generator", Path.cwd())
    rows = _rows(open_tokenizer(ref.folder))
    batches = [rows[at : at + BATCH] for at in range(0, BATCH * STEPS, BATCH)]
    dtype, where = getattr(torch, device.precision), torch.device(device.kind)
    with tempfile.TemporaryDirectory() as folder:
        ours = open_model(ref.folder, dtype=dtype, device=where, path="engine")
        ours.new_adapter(adapter_shape(len(rows)), 0)
        ours.save_adapter(Path(folder))
        sides: dict[str, Step] = {
            "engine": _engine_step(ours),
            "peft": _peft_step(ref.folder, Path(folder), dtype, where),
        }
    tokens = sum(len(row.prompt) + len(row.completion) for batch in batches for row in batch)
    losses: dict[str, list[float]] = {name: [] for name in sides}
    speed: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(REPEATS):
        for name, step in sides.items():
            started = time.perf_counter()
            losses[name].extend(step(batch) for batch in batches)
            speed[name].append(tokens / (time.perf_counter() - started))
    ratios = [a / b for a, b in zip(speed["engine"], speed["peft"], strict=True)]
    pairs = zip(losses["engine"], losses["peft"], strict=True)
    return {
        "threads": device.threads,
        "rows_a_step": BATCH,
        "tokens_a_row": round(tokens / (BATCH * STEPS), 1),
        "engine_tokens_per_s": [round(value) for value in speed["engine"]],
        "peft_tokens_per_s": [round(value) for value in speed["peft"]],
        "ratio": {"median": round(statistics.median(ratios), 2),
                  "least": round(min(ratios), 2), "most": round(max(ratios), 2)},
        "largest_loss_difference": round(max(abs(a - b) for a, b in pairs), 4),
    }  # fmt: skip


def _rows(tokenizer: Any) -> list[Encoded]:
    with as_file(files("advisor") / "samples" / "ticket-routing") as root:
        task = load(open_project(root)).task
    assert task is not None  # a sample that ships can be read
    rows = [
        encode_example(tokenizer, render(task.spec, e.question).messages(), target(task.spec, e))
        for e in task.train[: BATCH * STEPS]
    ]
    return sorted(rows, key=lambda row: len(row.prompt))


def _engine_step(model: Any) -> Step:
    import torch

    optimiser = torch.optim.AdamW(model.adapter_parameters(), lr=RATE, weight_decay=0.0)

    def step(rows: Sequence[Encoded]) -> float:
        loss = model.loss(rows) / sum(len(row.completion) for row in rows)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        model.adapter_changed()
        return float(loss.detach())

    return step


def _peft_step(folder: Path, adapter: Path, dtype: Any, device: Any) -> Step:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True)
    model: Any = PeftModel.from_pretrained(base.to(device), str(adapter), is_trainable=True)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.0)

    def step(rows: Sequence[Encoded]) -> float:
        longest = max(len(row.prompt) + len(row.completion) for row in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
        for at, row in enumerate(rows):
            whole = [*row.prompt, *row.completion]
            ids[at, : len(whole)] = torch.tensor(whole)
            mask[at, : len(whole)] = 1
            labels[at, len(row.prompt) : len(whole)] = torch.tensor(row.completion)
        out = model(input_ids=ids.to(device), attention_mask=mask.to(device),
                    labels=labels.to(device))  # fmt: skip
        out.loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        return float(out.loss.detach())

    return step
