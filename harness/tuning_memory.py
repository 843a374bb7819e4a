"""Memory that answering and training will hold, and what is free for them."""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from harness.device import told_by_driver
from harness.errors import JobError, Problem
from harness.speed import Speed
from harness.work import Work
from harness.workbench import Workbench
from tuning.at_once import at_once
from tuning.footprint import Load, Method, footprint
from tuning.recipe import USUAL, TuningSettings
from tuning.sizes import ModelSizes, read_sizes

if TYPE_CHECKING:
    from tuning.encode import Encoded

GB: Final = 1e9
LIBRARY_BYTES: Final = 0.2e9
"""What a process holds besides once transformers' models, PEFT and bitsandbytes are imported."""
HOLDS_S: Final = 60.0
"""Seconds after which a card's driver is asked again."""


def memory_of(
    work: Work, pace: Speed, sizes: ModelSizes, rank: int, tuning: TuningSettings = USUAL
) -> float:
    """Bytes that one cell will hold at most: answering, or learning where it learns.

    Processes that learn together have a card each; on the CPU they hold all of it together.
    """
    method, on_cuda, width = tuning.method, pace.kind == "cuda", pace.precision_bytes
    library = method == "qlora" or not sizes.engine
    process = pace.process_bytes + (LIBRARY_BYTES if library else 0)
    own, most_at_once = max(1.0, work.row - work.shared), at_once(pace.kind)
    rows = max(1, min(most_at_once.answers, int(most_at_once.answered / own)))
    tokens = int(rows * own + work.shared)
    # the library's caches hold what the rows share once a row
    held = tokens if sizes.engine else int(rows * (own + work.shared))
    row, shared = int(work.row), int(work.shared)
    wave = Load(tokens, rows, row, rank, width, on_cuda, not sizes.engine, held, shared=shared)
    most = footprint("answer", sizes, wave).total
    if work.learns:
        learned, learns = int(work.answers_at_once), int(work.learns_at_once)
        step = Load(learns, learned, row, rank, width, on_cuda, library, shared=shared)
        one = process + footprint(cast(Method, method), sizes, step).total
        # the others keep what they hold while the first looks at dev
        others = 0 if on_cuda else tuning.processes - 1
        return max(process + most, one) + others * one
    return process + most


def refuse_what_does_not_fit(bench: Workbench, rows: "Sequence[Encoded]") -> None:
    """Say so where full fine-tuning lacks memory even for one row at a time.

    An adapter is not asked about: it needs little beside the model, and a step that is too large
    for memory is cut. Gradients and moments of all weights cannot be cut.

    Raises:
        JobError: with what is needed and what is free.
    """
    if bench.tuning.method != "full" or not rows:
        return
    longest = max(len(row.prompt) + len(row.completion) for row in rows)
    answer = max(len(row.completion) for row in rows)
    cuda = bench.device.kind == "cuda"
    width = 2 if bench.device.precision == "bfloat16" else 4
    load = Load(longest, answer, longest, 0, width, cuda, checkpointing=True)
    need = footprint("full", read_sizes(bench.generator_ref.folder), load)
    others = 0 if cuda else bench.tuning.processes - 1
    missing = need.total - need.weights + others * need.total  # here the weights are there already
    free = free_bytes(bench.device.kind)
    if missing > free:
        raise JobError(
            Problem(
                f"full fine-tuning needs {missing / GB:.1f} GB more memory at the least, for a "
                f"gradient and two moments of every weight; {free / GB:.1f} GB are free",
                'an adapter needs none of it (method = "lora" under [tuning] in rungwise.toml); '
                "else choose a smaller model, or free memory",
                bench.cell,
            )
        )


def free_bytes(kind: str) -> int:
    """Memory that this process can still have, where the model's weights live."""
    if kind == "cuda":
        import torch

        if torch.cuda.is_available():  # the card that speed was measured on may be gone
            # torch keeps what was freed, for itself alone: it is not free on the card, but for us
            kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
            return int(torch.cuda.mem_get_info()[0]) + kept
    import psutil

    return int(psutil.virtual_memory().available)


def free_from_outside(kind: str) -> int:
    """The same before any model is there, without opening the card: whoever does keeps part of it.

    The driver's own program is asked, and torch only where there is none. What it said holds for a
    minute: the app asks whenever a page is drawn anew, and a check under way changes the answer.
    """
    if kind != "cuda":
        return free_bytes(kind)
    told = free_of_card(int(time.monotonic() // HOLDS_S))
    return free_bytes(kind) if told is None else told


@lru_cache(maxsize=1)
def free_of_card(minute: int) -> int | None:
    """Free bytes of the card in a minute of this process's clock; None where nothing tells."""
    told = told_by_driver("memory.free")
    return int(told) * 2**20 if told and told.isdecimal() else None
