"""LoRA steps on the same rows from the same adapter: the engine beside TRL and beside PEFT.

Rows are bare (a message under one short sentence, which leaves nothing to share) or as the product
renders them, with the labels in every prompt. Every turn starts from the same adapter, so losses
can be compared step by step. In bfloat16 PEFT adds its low-rank term to an already rounded product
and loses most of it, so its losses, and TRL's, lag behind.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from bench.lines import Measured, apart, line
from bench.rows import labelled, training_rows
from bench.sides import Done, Side, Turn, Work, in_turn
from bench.stock_training import trl_steps
from bench.tiny import padded
from harness.device import pick_device
from harness.models import resolve
from harness.types import Json
from tuning.encode import Encoded
from tuning.models import open_model
from tuning.recipe import AdapterShape, adapter_shape

BATCH, RATE, CLIP = 16, 1e-3, 1.0
STEPS = {
    "bfloat16": {"bare rows": 3, "rendered rows": 1},
    "float32": {"bare rows": 1},
}
"""Of one turn, by the machine's precision and the rows: without bfloat16 a step of TRL takes half a
minute."""
MICRO = 2048
"""Tokens that go through the engine at once, as in training (`tuning.recipe.Recipe`)."""
MUST = {
    ("bfloat16", "TRL, defaults"): 6.5,
    ("bfloat16", "TRL, tuned"): 4.5,
    ("float32", "TRL, defaults"): 4.0,
}
NO_TRL = "TRL is not installed: pip install 'rungwise[bench]'"


class Given(NamedTuple):
    """What every side is given; sent to its process."""

    folder: Path
    adapter: Path
    rows: dict[str, list[list[Encoded]]]
    """Name of the rows to one batch a step."""
    precision: str
    kind: str
    threads: int
    even: bool = True
    """Where the engine fills batches up (`tuning.models.llama.batch.EVEN`), whether it may."""


def measure() -> dict[str, Json]:
    """Tokens a second by side, in float32 and, where the machine has it, in bfloat16."""
    device = pick_device()
    ref = resolve("smollm2-135m-instruct", "generator", Path.cwd())
    steps = STEPS[device.precision]
    rows = {name: _batches(ref.folder, name, many) for name, many in steps.items()}
    precisions = sorted({"float32", device.precision}, reverse=True)
    lines: list[Json] = []
    with tempfile.TemporaryDirectory() as folder:
        adapter = Path(folder)
        first_adapter(ref.folder, adapter, adapter_shape(300))
        for precision in precisions:
            given = Given(ref.folder, adapter, rows, precision, device.kind, device.threads)
            lines += _lines(given)
    return {
        "data": labelled().name,
        "rows_a_step": BATCH,
        "threads": device.threads,
        "lines": lines,
        "skipped": {} if has_trl() else {"TRL": NO_TRL},
    }


def has_trl() -> bool:
    """Whether TRL is installed; it is no part of the product."""
    return find_spec("trl") is not None


def _batches(folder: Path, name: str, steps: int) -> list[list[Encoded]]:
    rows = training_rows(folder, BATCH * steps, bare=name == "bare rows")
    rows.sort(key=lambda row: len(row.prompt))  # so that the stock sides pad little
    return [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]


def _lines(given: Given) -> list[dict[str, Json]]:
    sides = [Side("engine", engine_steps, (given,)), Side("PEFT", peft_steps, (given,))]
    if has_trl():
        sides.append(Side("TRL, defaults", trl_steps, (given, False)))
        sides.append(Side("TRL, tuned", trl_steps, (given, True)))
    names = [side.name for side in sides]
    found = in_turn(sides, dict.fromkeys(given.rows, names))
    return [
        _line(given, rows, turns, stock)
        for rows, turns in found.items()
        for stock in names
        if stock != "engine"
    ]


def _line(given: Given, rows: str, turns: dict[str, list[Turn]], stock: str) -> dict[str, Json]:
    tokens = sum(len(one.prompt) + len(one.completion) for b in given.rows[rows] for one in b)
    what = "losses" if len(turns["engine"][0].outputs) > 1 else "the loss before the first step"
    a_row = tokens / (BATCH * len(given.rows[rows]))
    return line(
        f"LoRA, {given.precision}, {rows} of {a_row:.0f} tokens",
        "tokens",
        Measured("engine", tokens, turns["engine"]),
        Measured(stock, tokens, turns[stock]),
        agree=apart(turns["engine"][0].outputs, turns[stock][0].outputs, what),
        must=MUST.get((given.precision, stock)) if rows == "bare rows" else None,
    )


def first_adapter(folder: Path, out: Path, shape: AdapterShape) -> None:
    """The adapter that every side starts from."""
    import torch

    model = open_model(folder, dtype=torch.float32, device=torch.device("cpu"), path="engine")
    model.new_adapter(shape, 0)
    model.save_adapter(out)


def engine_steps(given: Given) -> Work:
    """The engine, its rows cut into parts as in training."""
    import torch

    from tuning.models.llama.engine import EngineModel
    from tuning.schedule import micro_batches

    torch.set_num_threads(given.threads)
    dtype, device = getattr(torch, given.precision), torch.device(given.kind)
    model = open_model(given.folder, dtype=dtype, device=device, path="engine")
    assert isinstance(model, EngineModel)
    model.even = model.even and given.even

    def step(rows: Sequence[Encoded], optimiser: Any) -> float:
        learned, total = sum(len(row.completion) for row in rows), 0.0
        for part in micro_batches(rows, MICRO):
            loss = model.loss(part) / learned
            torch.autograd.backward(loss)
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(model.adapter_parameters(), CLIP)
        optimiser.step()
        optimiser.zero_grad()
        model.adapter_changed()
        return total

    def work(job: str) -> Done:
        model.load_adapter(given.adapter)
        optimiser = torch.optim.AdamW(
            model.adapter_parameters(), lr=RATE, weight_decay=0.0, fused=True
        )
        return timed_steps(given.rows[job], lambda rows: step(rows, optimiser))

    warm_up(given, work)
    return work


def peft_steps(given: Given) -> Work:
    """What a careful user writes by hand on transformers: padded batches, no checkpointing."""
    import torch
    from peft import PeftModel, set_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(given.threads)
    dtype = getattr(torch, given.precision)
    base: Any = AutoModelForCausalLM.from_pretrained(str(given.folder), dtype=dtype)
    model: Any = PeftModel.from_pretrained(
        base.to(given.kind), str(given.adapter), is_trainable=True
    )
    learned = [p for p in model.parameters() if p.requires_grad]
    saved = load_file(given.adapter / "adapter_model.safetensors")

    def step(rows: Sequence[Encoded], optimiser: Any) -> float:
        out = model(**{name: t.to(given.kind) for name, t in padded(rows).items()})
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, CLIP)
        optimiser.step()
        optimiser.zero_grad()
        return float(out.loss.detach())

    def work(job: str) -> Done:
        set_peft_model_state_dict(model, saved)
        optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.0)
        return timed_steps(given.rows[job], lambda rows: step(rows, optimiser))

    warm_up(given, work)
    return work


def timed_steps(
    batches: Sequence[Sequence[Encoded]], step: Callable[[Sequence[Encoded]], float]
) -> Done:
    """Losses of some steps, and their seconds alone."""
    started = time.perf_counter()
    losses = [step(batch) for batch in batches]
    return Done(losses, time.perf_counter() - started)


def warm_up(given: Given, work: Work) -> None:
    """One small step, for the first one of a process is slow."""
    rows = {name: list(batches) for name, batches in given.rows.items()}
    name = next(iter(rows))
    given.rows[name] = [rows[name][0][:2]]
    work(name)
    given.rows[name] = rows[name]
