"""How long the command line takes to answer: whole processes, several runs."""

import statistics
import subprocess
import sys
import time

from harness.types import Json

RUNS = 7
COMMANDS = {
    "help": ["-m", "advisor", "--help"],
    "models": ["-m", "advisor", "models", "list", "--json"],
    "python itself": ["-c", "pass"],
}


def measure() -> dict[str, Json]:
    """Seconds of each command: the median, the least and the most of several runs."""
    return {name: _timed(command) for name, command in COMMANDS.items()}


def _timed(command: list[str]) -> dict[str, float]:
    seconds = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        seconds.append(time.perf_counter() - started)
    kept = seconds[1:]  # the first one warms the disk cache
    return {
        "median_s": round(statistics.median(kept), 3),
        "least_s": round(min(kept), 3),
        "most_s": round(max(kept), 3),
    }
