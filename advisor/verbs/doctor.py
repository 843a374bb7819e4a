"""rungwise doctor: what this machine has, and what will and will not work here."""

import os
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import NamedTuple

import psutil

from advisor.numbers import size
from advisor.terminal import out, out_json
from advisor.verb import Verb
from harness import proposing
from harness.device import find_card
from harness.energy import find_counters
from harness.environment import environment
from harness.generators import endpoint
from harness.judge import rules as judge
from harness.models import EMBEDDED, cache_folder, locate
from harness.tuning_memory import free_from_outside
from tuning.four_bits import lacking

ENOUGH_MEMORY = 6e9
"""Bytes: the largest part of the sample's check was seen to take 5.4 GB (DECISIONS.md)."""
LEAST_MEMORY = 2e9
"""Bytes: of the sample's check the plain prompt takes least, 1.9 GB as it is foretold."""
ENOUGH_DISK = 3e9


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print what was found; exit 1 when a check could not run here."""
    facts, obstacles, remarks = examine()
    if given.json:
        out_json({"facts": facts, "obstacles": obstacles, "remarks": remarks})
    else:
        width = max(len(name) for name in facts) + 2
        for name, value in facts.items():
            out(f"{name + ':':{width}}{value}")
        out()
        for obstacle in obstacles:
            out(f"will not work: {obstacle}")
        for remark in remarks:
            out(f"may not work: {remark}")
        if not obstacles and not remarks:
            out("everything that the default check needs is here")
    return 1 if obstacles else 0


class Examined(NamedTuple):
    """A machine."""

    facts: dict[str, str]
    obstacles: list[str]
    """What stands against any check."""
    remarks: list[str]
    """What stands against a large one."""


def examine() -> Examined:
    """What this machine has, and what stands against a check."""
    obstacles, remarks = list[str](), list[str]()
    memory = psutil.virtual_memory().available
    folder = cache_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    disk = shutil.disk_usage(existing).free
    facts = dict(environment())
    facts["memory free"] = size(memory)
    facts["disk free"] = f"{size(disk)} at {existing}"
    facts["model cache"] = str(folder)
    for name in EMBEDDED:
        found = locate(name)
        facts[f"model {name}"] = "installed" if found else "not installed"
        if found is None:
            obstacles.append(f"{name} is not installed; run: rungwise models pull {name}")
    try:
        from harness.device import pick_device

        device = pick_device()
    except ImportError as error:
        obstacles.append(f"torch cannot be imported ({error}); install the project again")
    else:
        facts["device"] = device.name
        facts["precision"] = f"{device.precision}: {device.why}"
        facts["fine-tuning"] = _tuning(device.kind, device.precision)
        facts["weights in 4 bits"] = lacking() or "installed (qlora)"
        facts["energy"] = find_counters(device.kind == "cuda").why
        if device.kind == "cuda":
            facts["card memory free"] = size(free_from_outside(device.kind))
        else:
            remarks += _unused_card()
    facts["keys of endpoints"] = _keys()
    if memory < LEAST_MEMORY:
        obstacles.append(f"{size(memory)} of memory are free; give at least {size(LEAST_MEMORY)}")
    elif memory < ENOUGH_MEMORY:
        remarks.append(
            f"{size(memory)} of memory are free, and fine-tuning with passages as in the sample "
            f"takes {size(ENOUGH_MEMORY)}; other rungs need less, and what yours need says: "
            "rungwise estimate DIR"
        )
    if disk < ENOUGH_DISK:
        obstacles.append(f"{size(disk)} of disk are free; give at least {size(ENOUGH_DISK)}")
    if not Path("/usr/bin/chromium").exists() and shutil.which("chromium") is None:
        facts["chromium"] = "not installed (only the browser tests need it)"
    return Examined(facts, obstacles, remarks)


def _keys() -> str:
    """Which variables hold a key, and whose; never the key."""
    of = {
        endpoint.KEY: "the model's",
        endpoint.OPENAI_KEY: "the model's at https://api.openai.com alone",
        proposing.KEY: "a proposer's",
        judge.KEY: "a judge's",
    }
    there = [f"{name} ({whose})" for name, whose in of.items() if os.environ.get(name)]
    return ", ".join(there) or f"none is set; the model's would stand in {endpoint.KEY}"


def _unused_card() -> list[str]:
    """A card that the driver knows and torch does not work on, with what to do about it."""
    card = find_card()
    if card is None:
        return []
    import torch

    if torch.version.cuda is None:
        why = f"torch {torch.__version__} is built without CUDA"
        fix = "install the build for CUDA, by the command that https://pytorch.org gives"
    else:
        why = f"torch, built for CUDA {torch.version.cuda}, cannot open it"
        fix = "update the NVIDIA driver, or install a build of torch for an older CUDA"
    hide = "or hide the card by CUDA_VISIBLE_DEVICES set to nothing"
    return [f"{card.name} is not used, all runs on the CPU: {why}; {fix}, {hide}"]


def _tuning(kind: str, precision: str) -> str:
    if kind == "cuda":
        return "LoRA on the GPU"
    if precision == "bfloat16":
        return "LoRA on the CPU for small models (135M: minutes)"
    return "LoRA on the CPU for small models, two to four times slower than with AMX"


VERB = Verb(
    name="doctor",
    example="rungwise doctor --json",
    configure=configure,
    run=run,
)
