"""The whole sample check as a visitor runs it, from the command to the report."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from harness.types import Json

EVERY_S = 0.2


def measure(sample: str = "support-desk") -> dict[str, Json]:
    """Seconds of the demo and of each cell; the most memory its processes held together."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / sample
        command = [sys.executable, "-m", "advisor", "demo", "--sample", sample, "--out", str(root)]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _held(process.pid))
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - started
        if process.returncode != 0:
            raise SystemExit(f"the demo failed with status {process.returncode}")
        run = root / "runs" / "demo"
        experiment = json.loads((run / "experiment.json").read_text(encoding="utf-8"))
        return {
            "sample": sample,
            "seconds": round(seconds, 1),
            "peak_memory_gb": round(peak / 1e9, 2),
            "n_heldout": experiment["task"]["n_heldout"],
            "cells": [_cell(file) for file in sorted((run / "cells").glob("*-s?.json"))],
        }


def _held(pid: int) -> int:
    """Resident bytes of a process and all below it."""
    try:
        top = psutil.Process(pid)
        processes = [top, *top.children(recursive=True)]
        return sum(int(process.memory_info().rss) for process in processes)
    except psutil.NoSuchProcess:
        return 0


def _cell(file: Path) -> dict[str, Json]:
    cell: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {
        "cell": cell["cell"],
        "prepare_s": round(cell["preparation"]["seconds"], 1),
        "answer_s": round(cell["answer_s"], 1),
        "peak_memory_gb": round(cell["peak_memory_bytes"] / 1e9, 2),
    }
