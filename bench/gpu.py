"""A 1B-class Llama on a CUDA card: ``python -m bench.gpu [--dry] [--out FILE]``.

Random weights in bfloat16: throughput does not depend on what they are. Needs torch, transformers
and this project's `tuning` alone; TRL, PEFT and bitsandbytes add their lines where they are
installed. LoRA is set against the card's measured matmul rate, at 4 FLOP a parameter and token,
full tuning at 6. ``--dry`` runs the same code with a tiny model on the CPU in seconds; its figures
mean nothing.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.stock_gpu import Rates, generate_rate, qlora_rate, trl_rate
from bench.tiny import (
    BILLION,
    TINY,
    open_engine,
    open_in_four_bits,
    random_ids,
    random_llama,
    random_rows,
    tokens_of,
)
from harness.types import Json
from tuning.at_once import at_once
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.four_bits import PACKAGE
from tuning.objective import Completions
from tuning.recipe import Recipe, adapter_shape
from tuning.steps import Steps


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is measured, and on how much."""

    model: dict[str, Any]
    device: str
    precision: str
    matmul: int
    """Side of the square matrices whose product gives the card's rate."""
    batch: int = 16
    row: int = 512
    learned: int = 64
    steps: int = 6
    prompts: int = 128
    prompt: int = 256
    new_tokens: int = 64
    repeats: int = 3


CARD = Sizes(BILLION, "cuda", "bfloat16", 8192)
DRY = Sizes(TINY, "cpu", "float32", 256, batch=4, row=32, learned=4, steps=2, prompts=4, prompt=16,
            new_tokens=4, repeats=2)  # fmt: skip
PLAIN_QLORA = "QLoRA by PEFT alone"
FAILURES = (
    RuntimeError, MemoryError, ValueError, TypeError, AttributeError, LookupError, ImportError,
    OSError, TuningError,
)  # fmt: skip
"""What libraries of other versions, or a card that is too small, end a line with."""
MUST = {"LoRA, share of the matmul rate": 0.45, "LoRA beside TRL": 1.5, "generation": 1.0}


def measure(sizes: Sizes = CARD) -> dict[str, Json]:
    """Tokens a second of each way, shares of the matmul rate, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = random_llama(Path(folder), sizes.model, sizes.precision)
        rate = matmul_rate(sizes)
        found: dict[str, Json] = {"matmul_tflops": round(rate / 1e12, 3), "must": MUST}
        found["skipped"] = {}
        _add(found, "LoRA", lambda: _training(path, sizes, rate, "lora"))
        _add(found, "full tuning", lambda: _training(path, sizes, rate, "full"))
        _add(found, "generation", lambda: _generation(path, sizes))
        if find_spec(PACKAGE):
            _add(found, "QLoRA", lambda: _training(path, sizes, rate, "qlora"))
        else:
            found["skipped"]["QLoRA"] = f"without {PACKAGE}"
        _beside(path, sizes, found)
    return found


def _add(found: dict[str, Json], name: str, work: Callable[[], Json]) -> None:
    """One line, or why there is none: what fails in one costs no other its figures."""
    try:
        found[name] = work()
    except FAILURES as error:
        said = (str(error).splitlines() or [""])[0]
        found["skipped"][name] = f"{type(error).__name__}: {said[:300]}"


def matmul_rate(sizes: Sizes) -> float:
    """FLOP a second of a large matrix product on random numbers: the best of ten."""
    import torch

    n, dtype = sizes.matmul, getattr(torch, sizes.precision)
    a, b = (torch.randn(n, n, device=sizes.device).to(dtype) for _ in range(2))
    seconds = [timed(lambda: a @ b, sizes.device) for _ in range(13)]
    return float(2 * n**3 / min(seconds[3:]))


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds of something, the card's included."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def training_rows(sizes: Sizes) -> list[Encoded]:
    """Rows of every step."""
    n = sizes.batch * sizes.steps
    return random_rows(n, sizes.row, sizes.learned, sizes.model["vocab_size"])


def _training(folder: Path, sizes: Sizes, rate: float, method: str) -> dict[str, Json]:
    """Steps as the product makes them."""
    rows, full = training_rows(sizes), method == "full"
    shape = None if full else adapter_shape(1000)
    at_a_time = at_once(sizes.device).learned
    recipe = Recipe(shape, 1e-4, 1.0, batch_rows=sizes.batch, micro_tokens=at_a_time)
    _fresh(sizes)
    opened = open_in_four_bits if method == "qlora" else open_engine
    model = opened(folder, sizes.precision, sizes.device)
    run = Steps(model, Completions(rows), recipe)
    run.step(1)  # warms up
    speeds: list[float] = []
    losses: list[float] = []
    for _ in range(sizes.repeats):

        def go() -> None:
            losses.extend(run.step(step) for step in range(1, run.steps + 1))

        speeds.append(timed(go, sizes.device))
    tokens = tokens_of(rows)
    per_s = [tokens / one for one in speeds]
    # the vocabulary's matrix is a table for what is read, and a product for what is learned alone
    table = sizes.model["vocab_size"] * sizes.model["hidden_size"]
    learned = sum(len(row.completion) for row in rows)
    flop = (6 if full else 4) * ((model.n_parameters - table) * tokens + table * learned)
    return {
        "tokens_per_s": [round(one) for one in per_s],
        "share of the matmul rate": round(flop / statistics.median(speeds) / rate, 4),
        "first and last loss": [round(losses[0], 3), round(losses[-1], 3)],
        "peak_gb": _peak(sizes),
    }


def _generation(folder: Path, sizes: Sizes) -> dict[str, Json]:
    """Greedy answers of the engine beside transformers' batched `generate`, in turn."""
    import random

    draw = random.Random(1)
    prompts = [
        random_ids(draw, draw.randint(sizes.prompt // 2, sizes.prompt), sizes.model["vocab_size"])
        for _ in range(sizes.prompts)
    ]
    _fresh(sizes)
    model = open_engine(folder, sizes.precision, sizes.device)
    list(model.generate(prompts[:2], 2))
    said: dict[int, list[int]] = {}

    def ours() -> None:
        said.update((done.row, done.ids) for done in model.generate(prompts, sizes.new_tokens))

    stock = generate_rate(folder, sizes, prompts)
    seconds, theirs = [], []
    for _ in range(sizes.repeats):
        seconds.append(timed(ours, sizes.device))
        theirs.append(timed(stock.work, sizes.device))
    written = sizes.prompts * sizes.new_tokens
    same = sum(said[row] == ids for row, ids in enumerate(stock.outputs))
    return {
        "engine_tokens_per_s": [round(written / one) for one in seconds],
        "generate_tokens_per_s": [round(written / one) for one in theirs],
        **_ratio([b / a for a, b in zip(seconds, theirs, strict=True)]),
        "answers the same": f"{same} of {sizes.prompts}",
        "peak_gb of both": _peak(sizes),
    }


def _beside(folder: Path, sizes: Sizes, found: dict[str, Json]) -> None:
    """Lines of parts that need not be there; why one is left out is said."""
    wanted: tuple[tuple[str, str, tuple[str, ...], Callable[..., Rates]], ...] = (
        ("TRL", "LoRA", ("trl", "peft", "datasets"), trl_rate),
        (PLAIN_QLORA, "QLoRA", (PACKAGE, "peft"), qlora_rate),
    )
    for name, beside, needs, work in wanted:
        missing = [package for package in needs if find_spec(package) is None]
        if name == PLAIN_QLORA and sizes.device == "cpu":
            missing = ["a CUDA device"]
        if missing:
            found["skipped"][name] = f"without {', '.join(missing)}"
            continue
        if beside not in found:
            found["skipped"][name] = f"without {beside}, which it stands beside"
            continue
        _add(found, name, partial(_stock, folder, sizes, work, found[beside]))


def _stock(
    folder: Path, sizes: Sizes, work: Callable[..., Rates], ours: dict[str, Json]
) -> dict[str, Json]:
    """A stock part, and how many times as fast ours was."""
    _fresh(sizes)
    rates = work(folder, sizes, training_rows(sizes))
    pairs = zip(ours["tokens_per_s"], rates.tokens_per_s, strict=False)
    return {
        "tokens_per_s": [round(one) for one in rates.tokens_per_s],
        **_ratio([a / b for a, b in pairs]),
        "peak_gb": _peak(sizes),
    }


def _ratio(ratios: Sequence[float]) -> dict[str, Json]:
    return {
        "ratio": {
            "median": round(statistics.median(ratios), 2),
            "least": round(min(ratios), 2),
            "most": round(max(ratios), 2),
        }
    }


def _fresh(sizes: Sizes) -> None:
    """Count the card's memory from here."""
    import gc

    import torch

    gc.collect()
    if sizes.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak(sizes: Sizes) -> float | None:
    """Gigabytes that the card held; None without one."""
    import torch

    held = torch.cuda.max_memory_allocated() / 1e9 if sizes.device == "cuda" else None
    return round(held, 2) if held is not None else None


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print; keep the figures where asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu")
    parser.add_argument("--dry", action="store_true", help="a tiny model on the CPU")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--repeats", type=int, help="rounds of everything")
    asked = parser.parse_args(given)
    if not asked.dry:
        # before torch looks for cards: of several, TRL's trainer would have all share each batch
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    import torch

    if not asked.dry and not torch.cuda.is_available():
        print("error: there is no CUDA device\nfix: run this on a machine with one, or with --dry")
        return 2
    sizes = DRY if asked.dry else CARD
    if asked.repeats:
        sizes = replace(sizes, repeats=asked.repeats)
    name = "dry run on the CPU" if asked.dry else torch.cuda.get_device_name(0)
    record = {
        "part": "gpu",
        "device": name,
        "precision": sizes.precision,
        "torch": torch.__version__,
        "figures": measure(sizes),
    }
    text = json.dumps(record, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
