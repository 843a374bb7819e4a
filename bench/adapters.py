"""Several adapters on one base against a base for each: memory, seconds, the same answers."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lines import Measured, line
from bench.sides import Done, Side, Work, in_turn
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
Made = dict[str, Path]
Prompts = list[list[int]]


def measure() -> dict[str, Json]:
    """Loading and answering in both ways, each in a process of its own, for the same prompts."""
    with tempfile.TemporaryDirectory() as folder:
        made = _make(Path(folder))
        names = [f"a{row % ADAPTERS}" for row in range(ROWS)]
        prompts = [[(7 * row + 13 * at) % 251 + 5 for at in range(40 + row)] for row in range(ROWS)]
        sides = [
            Side("one base", together, (made, prompts, names)),
            Side("a base each", apart, (made, prompts, names)),
        ]
        turns = in_turn(sides, {"adapters": [side.name for side in sides]})["adapters"]
    answers = [turns[side.name][0].outputs for side in sides]
    same = sum(a == b for a, b in zip(*answers, strict=True))
    made_line = line(
        f"{ROWS} rows through {ADAPTERS} adapters, loading included",
        "rows",
        Measured("one base", ROWS, turns["one base"]),
        Measured("a base each", ROWS, turns["a base each"]),
        agree=f"{same} of {ROWS} answers the same",
        must=None,
    )
    return {"adapters": ADAPTERS, "threads": pick_device().threads, "lines": [made_line]}


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
                tensor.add_(0.02 * torch.randn(tensor.shape, generator=generator).to(tensor))
        model.adapter_changed()
        made[f"a{number}"] = folder / f"a{number}"
        model.save_adapter(made[f"a{number}"])
    return made


def together(made: Made, prompts: Prompts, names: list[str]) -> Work:
    """One base, every row through its own adapter in one batch."""

    def work(job: str) -> Done:
        model = _open()
        for name, folder in made.items():
            model.add_adapter(name, folder)
        answers = {done.row: done.ids for done in model.generate_with(prompts, names, NEW)}
        return Done([answers[row] for row in range(ROWS)])

    return work


def apart(made: Made, prompts: Prompts, names: list[str]) -> Work:
    """A base for each adapter, all held, as services beside each other hold them."""

    def work(job: str) -> Done:
        models, answers = [], {}
        for name, folder in made.items():
            model = _open()
            model.load_adapter(folder)
            own = [row for row, one in enumerate(names) if one == name]
            for done in model.generate([prompts[row] for row in own], NEW):
                answers[own[done.row]] = done.ids
            models.append(model)
        return Done([answers[row] for row in range(ROWS)])

    return work
