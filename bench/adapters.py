"""Several adapters on one base against a base for each: memory, seconds, the same answers."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from harness.device import pick_device
from harness.models import resolve
from harness.types import Json
from tuning.recipe import AdapterShape

if TYPE_CHECKING:
    from tuning.models import LanguageModel

ADAPTERS = 3
ROWS = 6
"""Prompts, two of each adapter."""
NEW = 8
RANK = 16


def measure() -> dict[str, Json]:
    """Seconds and resident bytes of both ways, for the same prompts."""
    with tempfile.TemporaryDirectory() as folder:
        made = _make(Path(folder))
        names = [f"a{row % ADAPTERS}" for row in range(ROWS)]
        prompts = [[(7 * row + 13 * at) % 251 + 5 for at in range(40 + row)] for row in range(ROWS)]
        one, one_s, one_bytes = _grown(lambda: _together(made, prompts, names))
        many, many_s, many_bytes = _grown(lambda: _apart(made, prompts, names))
    return {
        "adapters": ADAPTERS,
        "rows": ROWS,
        "one_base": {"seconds": one_s, "bytes": one_bytes},
        "a_base_each": {"seconds": many_s, "bytes": many_bytes},
        "times_the_seconds": round(many_s / one_s, 2),
        "times_the_bytes": round(many_bytes / max(1, one_bytes), 2),
        "same_answers": one[1] == many[1],
    }


Answers = dict[int, list[int]]
Kept = tuple[list["LanguageModel"], Answers]


def _grown(work: Callable[[], Kept]) -> tuple[Kept, float, int]:
    """What came of it, seconds, and resident bytes more than before while it is held."""
    process = psutil.Process()
    before, started = process.memory_info().rss, time.perf_counter()
    kept = work()
    seconds = round(time.perf_counter() - started, 2)
    grown = process.memory_info().rss - before
    kept[0].clear()
    return kept, seconds, grown


def _open() -> "LanguageModel":
    import torch

    from tuning.models import open_model

    device = pick_device()
    torch.set_num_threads(device.threads)
    ref = resolve("smollm2-135m-instruct", "generator", Path())
    return open_model(
        ref.folder, dtype=getattr(torch, device.precision), device=torch.device(device.kind)
    )


def _make(folder: Path) -> dict[str, Path]:
    """Random adapters: how long they take does not depend on what they learned."""
    import torch

    model = _open()
    made = {}
    for number in range(ADAPTERS):
        model.new_adapter(AdapterShape(RANK, 2 * RANK), number)
        generator = torch.Generator().manual_seed(number)
        with torch.no_grad():
            for tensor in model.adapter_parameters():
                tensor.add_(0.02 * torch.randn(tensor.shape, generator=generator))
        model.adapter_changed()
        made[f"a{number}"] = folder / f"a{number}"
        model.save_adapter(made[f"a{number}"])
    return made


def _together(made: dict[str, Path], prompts: list[list[int]], names: list[str]) -> Kept:
    """One base, every row through its own adapter in one batch."""
    model = _open()
    for name, folder in made.items():
        model.add_adapter(name, folder)
    return [model], {done.row: done.ids for done in model.generate_with(prompts, names, NEW)}


def _apart(made: dict[str, Path], prompts: list[list[int]], names: list[str]) -> Kept:
    """A base for each adapter."""
    models, answers = [], {}
    for name, folder in made.items():
        model = _open()
        model.load_adapter(folder)
        own = [row for row, one in enumerate(names) if one == name]
        for done in model.generate([prompts[row] for row in own], NEW):
            answers[own[done.row]] = done.ids
        models.append(model)
    return models, answers
