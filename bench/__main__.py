"""Measurements by name: ``python -m bench [PART …]``, all but the longest without a name.

Each part is a file in this folder with a function ``measure`` that returns figures as JSON. They
are printed and kept in ``bench/results/<part>.<machine>.json``, with what else the machine was
doing. Parts that run ours beside stock parts give lines, which are printed as a table too. Absolute
times depend on the machine and its load; they are records, not tests.
"""

import argparse
import importlib
import json
import re
import sys
from datetime import UTC, datetime

import psutil

from bench.table import RESULTS, markdown
from harness.device import Device, pick_device
from harness.environment import environment

PARTS = {
    "start": "how long the command line takes to answer, and what it loads",
    "pages": "how long each page of the app takes to draw",
    "ladder": "the whole sample check: seconds and memory by rung",
    "training": "LoRA steps: the engine beside TRL and beside PEFT, same rows, same start",
    "shapes": "LoRA steps of other lengths each: batches filled up beside those that are not",
    "answering": "answers: the engine beside transformers' pipeline and generate, same prompts",
    "embedding": "passages to vectors: the embedder beside sentence-transformers by its defaults",
    "search": "search in 100,000 vectors: the store beside FAISS Flat, same closest",
    "script": "prompt, RAG and LoRA from nothing to scores: a check beside a stock script",
    "growth": "how time and memory grow with items, passages, examples and cells",
    "verdicts": "what a check concludes on six real data sets, through `rungwise new` and `check`",
    "raft": "trained to read passages beside tuned without any and handed them, on a finished run",
    "methods": "LoRA, QLoRA and all weights on a sample: score, seconds, memory foretold and taken",
    "adapters": "several adapters on one base against a base for each: seconds, memory",
    "statistics": "what 8 rungs, 5 seeds, 1,000 questions take to compare, seven to work out whole",
    "retrieval": "what is found without a reader, by retriever, terms and passage length",
    "retrieval_spans": "which cut and which choice of passages shows most of what was asked for",
    "retrieval_scale": "search in 100,000 passages: time by retriever, recall against exact search",
}
LONG = ("verdicts",)
"""Measured only where it is named: more than an hour."""
BY_SET = ("verdicts",)
"""Figures by data set, each with its own time: what a run leaves out stays as it was stored."""


def main() -> int:
    """Measure the parts asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="; ".join(
        f"{name}: {what}" for name, what in PARTS.items()))  # fmt: skip
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    device = pick_device()
    for name in given.parts or [one for one in PARTS if one not in LONG]:
        busy = psutil.cpu_percent(interval=1.0)
        figures = importlib.import_module(f"bench.{name}").measure()
        if set(figures) == {"skipped"}:  # what was measured elsewhere stays
            print(f"{name}: {figures['skipped']}")
            continue
        file = RESULTS / f"{name}.{machine(device)}.json"
        if name in BY_SET and file.is_file():
            figures = {**json.loads(file.read_text(encoding="utf-8"))["figures"], **figures}
        record = {
            "part": name,
            "what": PARTS[name],
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": device.name,
            "precision": device.precision,
            "busy_before_percent": busy,
            "environment": environment(),
            "figures": figures,
        }
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        RESULTS.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(text)
        if figures.get("lines"):
            print(markdown([record]))
    return 0


def machine(device: Device) -> str:
    """For file names: processor and precision, for the same name may stand for both kinds."""
    return re.sub(r"\W+", "-", f"{device.name} {device.precision}").strip("-").lower()


if __name__ == "__main__":
    sys.exit(main())
