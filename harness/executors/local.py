"""Cells as processes of this machine, one after the other: they share its cores and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from harness.store import Run

CARD_ORDER: Final = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""The first card is the one that nvidia-smi calls the first; CUDA's own first is the fastest."""
CARD_MEMORY: Final = {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
"""Batches of ever other sizes leave holes between blocks of a fixed size, and a card runs out of
memory that it has. Torch passes it over where the driver cannot."""
STOP_S = 5.0
"""Seconds a cell gets to end by itself before it is killed."""


def run_process(
    run: Run, cells: list[str], watch: Callable[[], None], module: str = "harness.cell"
) -> int:
    """Run cells in one process and wait.

    Args:
        run: the run.
        cells: names; floors share a process, for they need no model.
        watch: called several times a second while waiting; may raise to stop the cell.
        module: what the process runs, with the run's folder and the cells.

    Returns:
        The process's exit status.
    """
    log = run.folder / "cells" / f"{cells[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", module, str(run.folder), *cells]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=offline_environment())
    try:
        while process.poll() is None:
            watch()
            time.sleep(0.2)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    watch()
    return process.returncode


def last_line(log: Path) -> str:
    """The last line a cell printed, for instance the name of an exception."""
    if not log.is_file():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""


def offline_environment() -> dict[str, str]:
    """Offline, without telemetry, and this project importable from any working directory."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    # in torch the older name counts first: it must not speak where the newer one was given
    chunks = {} if "PYTORCH_ALLOC_CONF" in os.environ else CARD_MEMORY
    return {
        **CARD_ORDER,
        **chunks,
        **os.environ,
        "PYTHONPATH": path,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",
        # oneDNN keeps a compiled kernel for every shape it has met, and flat batches rarely meet
        # one twice. With its default of 1,024 kernels memory in use was seen to grow by 70 MB a
        # training step.
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
    }
