"""A ladder of prompt, RAG and LoRA, imports included: ``rungwise check`` beside a stock script.

Both in fresh processes, in turn, on the same rows of the support-desk sample with the same epoch of
training. The check does more for its time: intervals, floors, ceilings, a dev set that keeps the
best adapter, a search over settings at effort quick; nothing of it is taken out.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import psutil

from advisor.project import read_project
from advisor.workflow import load
from bench.lines import Measured, line
from bench.sides import QUIET, Turn
from bench.training import NO_TRL, has_trl
from harness.contention import Meter
from harness.device import Device, pick_device
from harness.models import resolve
from harness.prompts import system_prompt, target
from harness.retrieval import passages_of
from harness.types import Json
from tuning.recipe import adapter_shape

SIZES = {"bfloat16": (240, 60, 2), "float32": (48, 12, 1)}
"""Training rows, held-out items and repeats, by the machine's precision: in float32 the stock
script alone would take twenty minutes at the first."""
MUST = 10.0
EVERY_S = 0.2


def measure() -> dict[str, Json]:
    """Seconds from the command to the last score, by side, and the most memory held together."""
    device = pick_device()
    rows, items, repeats = SIZES[device.precision]
    turns: dict[str, list[Turn]] = {"check": [], "script": []}
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "check": lambda at: _check(Path(folder), at, rows, items),
            "script": lambda at: _script(Path(folder), device, rows, items),
        }
        for at in range(repeats):
            for name in turns if at % 2 == 0 else reversed(turns):
                turns[name].append(_timed(name, commands[name](at)))
    script = "stock script" if has_trl() else "stock script, PEFT by hand"
    made = line(
        f"ladder of prompt, RAG and LoRA, {rows} rows, {items} items, {device.precision}",
        "ladders",
        Measured("check", 1, turns["check"]),
        Measured(script, 1, turns["script"]),
        agree="same training rows, items and epoch; answers not compared",
        # the goal is set for a machine with bfloat16, at the sizes of one
        must=MUST if device.precision == "bfloat16" else None,
    )
    return {
        "seconds": {
            name: round(statistics.median(turn.seconds for turn in one), 1)
            for name, one in turns.items()
        },
        "lines": [made],
        "skipped": {} if has_trl() else {"TRL": NO_TRL},
    }


def _check(folder: Path, at: int, rows: int, items: int) -> list[str]:
    """A fresh project of the sample and the command that checks it."""
    root = _project(folder / f"project{at}", rows, items)
    return [sys.executable, "-m", "advisor", "check", str(root), "--run", "bench"]


def _project(root: Path, rows: int, items: int) -> Path:
    """The sample, cut to so many rows and items; made if it is not there."""
    if not root.exists():
        with as_file(files("advisor") / "samples" / "support-desk") as source:
            _copied(source, root, rows, items)
    return root


def _copied(source: Path, root: Path, rows: int, items: int) -> None:
    # copied, for a project with a link out of its folder is refused
    shutil.copytree(source / "data" / "documents", root / "data" / "documents")
    for name in ("train", "heldout"):
        text = (source / "data" / f"{name}.jsonl").read_text(encoding="utf-8")
        (root / "data" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    settings = (source / "rungwise.toml").read_text(encoding="utf-8")
    wanted = 'rungs  = ["prompt", "few_shot", "rag", "finetune", "rag_finetune"]'
    if wanted not in settings:
        raise SystemExit("error: the sample lists other rungs\nfix: change bench/script.py with it")
    settings = settings.replace(wanted, 'rungs  = ["prompt", "rag", "finetune"]')
    limits = f"max_train = {rows}\nmax_heldout = {items}\n"
    settings = settings.replace("[data.columns]", f"{limits}\n[data.columns]", 1)
    settings += "\n[tuning]\nepochs = 1\nlearning_rate = 0.001\n"
    (root / "rungwise.toml").write_text(settings, encoding="utf-8")


def _script(folder: Path, device: Device, rows: int, items: int) -> list[str]:
    """The file that the script reads, and the command."""
    task = load(read_project(_project(folder / "given", rows, items))).task
    assert task is not None  # a sample that ships can be read
    given = {
        "precision": device.precision,
        "system": system_prompt(task.spec),
        "train": [(e.question, target(task.spec, e)) for e in task.train],
        "asked": [e.question for e in task.heldout],
        "rank": adapter_shape(len(task.train)).rank,
        "passages": [chunk.text for chunk in passages_of(task.documents)],
    }
    file = folder / "task.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    generator = resolve("smollm2-135m-instruct", "generator", Path.cwd())
    embedder = resolve("all-minilm-l6-v2", "embedder", Path.cwd())
    command = [sys.executable, "-m", "bench.stock_script", str(file)]
    return [*command, str(generator.folder), str(embedder.folder)]


def _timed(name: str, command: Sequence[str]) -> Turn:
    """A command from its start to its end: seconds, memory of its processes, work of others."""
    meter, started = Meter(), time.perf_counter()
    peak, own = 0, 0.0
    with tempfile.TemporaryFile() as words:  # a pipe that nobody empties would stop it
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=words, env={**os.environ, **QUIET}
        )
        while process.poll() is None:
            held, used = _used(process.pid)
            peak, own = max(peak, held), max(own, used)
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - started
        words.seek(0)
        said = words.read().decode(errors="replace")[-2000:]
    if process.returncode != 0:
        raise SystemExit(f"error: {name} failed\nfix: see its own words: {said}")
    found = meter.read()
    others = max(0.0, found.others - own / seconds) if found else None
    return Turn(seconds, [], peak, others)


def _used(pid: int) -> tuple[int, float]:
    """Resident bytes of a process and all below it, and the seconds that they computed."""
    held, used = 0, 0.0
    try:
        top = psutil.Process(pid)
        for one in (top, *top.children(recursive=True)):
            times = one.cpu_times()
            held += int(one.memory_info().rss)
            used += times.user + times.system
            used += getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
    except psutil.NoSuchProcess:
        return held, used
    return held, used
