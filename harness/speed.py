"""How fast a model reads, learns and writes on this machine, measured in seconds of work.

``python -m harness.speed MODEL_FOLDER`` measures in a process of its own, so that whoever asks
stays without torch, and keeps the result in the user's cache.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from filelock import FileLock

from harness.device import find_card, most_threads
from harness.disk import decode, write_json, writing
from harness.errors import JobError, Problem, UserError
from harness.executors.local import last_line, offline_environment
from harness.models import ModelRef, cache_folder
from tuning.errors import TuningError
from tuning.sizes import ModelSizes, read_sizes

if TYPE_CHECKING:
    from tuning.models import LanguageModel

ROW = 128
"""Tokens of the rows that speed is measured on."""
ROWS: Final = {"cpu": 4, "cuda": 64}
"""Rows that are read and learned from together: a card is at work only with thousands of tokens."""
WRITTEN: Final = {"cpu": 32, "cuda": 128}
"""Rows that are answered together."""
STEPS = 8
"""Tokens that are written for each row."""
LONGEST_S = 300
BUSY_HOLDS_S = 600
"""How long a speed holds that was measured while others were at work: an estimate and the check
that follows it need not both wait, and the next check finds out whether they are gone."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, and what they were measured on."""

    reads: float
    """Prompt tokens, many rows at once."""
    learns: float
    """Tokens of training rows, forward and backward through a LoRA adapter."""
    writes: float
    """Answer tokens, many rows at once; see `WRITTEN`."""
    writes_alone: float
    """Answer tokens of a single row."""
    starts_s: float
    """Seconds until the model is ready in a new process."""
    process_bytes: int
    """What such a process holds before the model is loaded."""
    precision_bytes: int
    """Of the frozen weights: 2 or 4."""
    device: str
    kind: str
    """``cpu`` or ``cuda``."""
    threads: int
    quiet: bool = True
    """Others left the processor alone meanwhile; else it holds for `BUSY_HOLDS_S` only."""


def sizes_of(model: ModelRef) -> ModelSizes:
    """How large a model is.

    Raises:
        UserError: its config.json does not say so.
    """
    try:
        return read_sizes(model.folder)
    except TuningError as error:
        raise UserError(Problem(error.reason, error.fix, model.name)) from error


def known_speed(model: ModelRef, *, beside_others: bool = False) -> Speed | None:
    """What was measured earlier with such a model on this machine; None where nothing was.

    Args:
        model: on this machine.
        beside_others: also what was measured while others had a part of the processor, however
            long ago; else only if that is less than `BUSY_HOLDS_S` ago.
    """
    return _known(_file(model), beside_others)


def _known(file: Path, beside_others: bool) -> Speed | None:
    if not file.is_file():
        return None
    try:
        known = msgspec.json.decode(file.read_bytes(), type=Speed)
    except msgspec.MsgspecError:  # of another version, or cut off: it is measured again
        return None
    alone = known.quiet and known.threads >= most_threads()
    recent = 0 <= time.time() - file.stat().st_mtime < BUSY_HOLDS_S  # a clock may have gone back
    return known if beside_others or alone or recent else None


def speed(model: ModelRef, say: Callable[[str], None] = lambda line: None) -> Speed:
    """Speed of a model here, measured now unless it was before, with nobody else at work.

    Args:
        model: on this machine.
        say: told that it takes a moment.

    Raises:
        JobError: the model cannot be opened or run; the reason is its process's last word.
    """
    file = _file(model)
    with writing(file), FileLock(file.with_suffix(".lock")):  # two at once would slow each other
        return _known(file, beside_others=False) or _measured(model, file, say)


def _measured(model: ModelRef, file: Path, say: Callable[[str], None]) -> Speed:
    say("Measuring how fast this machine is (about twenty seconds) …")
    log = file.with_suffix(".log")
    command = [sys.executable, "-m", "harness.speed", str(model.folder), str(file)]
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command,
                stdout=out,
                stderr=out,
                env=offline_environment(),
                timeout=LONGEST_S,
                check=False,
            )
            reason = last_line(log) if done.returncode else ""
        except subprocess.TimeoutExpired:
            reason = f"it took longer than {LONGEST_S} s"
    if reason or not file.is_file():
        fix = "see: rungwise doctor; the check itself does not need the estimate"
        raise JobError(Problem(f"speed could not be measured: {reason}", fix, model.name))
    log.unlink(missing_ok=True)
    return decode(file.read_bytes(), Speed, file)


def _file(model: ModelRef) -> Path:
    """Named by sizes and machine, its card among them; not by what the weights are."""
    import platform

    card = find_card()
    words = (
        sizes_of(model),
        platform.node(),
        platform.machine(),
        most_threads(),
        card.name if card else "no card",
        os.environ.get("CUDA_VISIBLE_DEVICES", "every card"),
        version("torch"),
    )
    key = hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:16]
    return cache_folder() / "speed" / f"{key}.json"


def measure(folder: Path) -> Speed:
    """Open a model and time it: about twenty seconds for a small one on two cores."""
    started = time.perf_counter()
    import torch

    from harness.contention import Meter
    from harness.device import peak_memory_bytes, pick_device
    from tuning.models import open_model

    device, meter = pick_device(), Meter()
    torch.set_num_threads(device.threads)
    process = peak_memory_bytes()
    model = open_model(
        folder, dtype=getattr(torch, device.precision), device=torch.device(device.kind)
    )
    ready = time.perf_counter() - started
    rows = _rows(ROWS[device.kind], ROW)
    reads, learns = _reads(model, rows), _learns(model, rows)
    writes, writes_alone = _writes(model, WRITTEN[device.kind]), _writes(model, 1)
    others = meter.read()
    return Speed(
        reads=reads,
        learns=learns,
        writes=writes,
        writes_alone=writes_alone,
        starts_s=ready,
        process_bytes=process,
        precision_bytes=2 if device.precision == "bfloat16" else 4,
        device=device.name,
        kind=device.kind,
        threads=device.threads,
        quiet=others is None or others.quiet,
    )


def _rows(count: int, length: int) -> list[list[int]]:
    """Token ids that no two rows begin alike: what rows share would be computed once."""
    return [[(7 * row + 13 * at) % 251 + 5 for at in range(length)] for row in range(count)]


def _timed(work: Callable[[], object]) -> float:
    """Seconds of the quicker of two runs, after one that compiles kernels and fills caches."""
    work()
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _reads(model: "LanguageModel", ids: Sequence[list[int]]) -> float:
    from tuning.encode import Encoded
    from tuning.likelihood import mean_loss

    rows = [Encoded(row[:-4], row[-4:]) for row in ids]
    return len(rows) * ROW / _timed(lambda: mean_loss(model, rows))


def _learns(model: "LanguageModel", ids: Sequence[list[int]]) -> float:
    from tuning.encode import Encoded
    from tuning.objective import TRAINING, Completions, add_gradient
    from tuning.recipe import AdapterShape

    rows = [Encoded(row[:-24], row[-24:]) for row in ids]
    model.new_adapter(AdapterShape(16, 32), 0)

    def step() -> None:
        while True:
            added = add_gradient(model, Completions(rows), rows, 1, len(rows) * ROW)
            if not added.ran_out_with:
                return
            model.room.lighten(TRAINING, added.ran_out_with)

    taken = _timed(step)
    model.load_adapter(None)
    return len(rows) * ROW / taken


def _writes(model: "LanguageModel", count: int) -> float:
    """Time of a few tokens less that of the first, which is spent on reading.

    Others can make the first take longer than all of it: then all of it counts, which is careful.
    """
    rows = _rows(count, 16)

    def seconds(limit: int) -> tuple[float, int]:
        taken, written = [], 0
        for _ in range(2):
            started = time.perf_counter()
            written = sum(len(done.ids) + 1 for done in model.generate(rows, limit))
            taken.append(time.perf_counter() - started)
        return min(taken), written

    first, few = seconds(1)
    all_of_it, many = seconds(1 + STEPS)
    return written_a_second(first, few, all_of_it, many)


def written_a_second(first_s: float, few: int, whole_s: float, many: int) -> float:
    """Tokens a second after the first ones.

    Args:
        first_s: seconds until each row had its first token.
        few: tokens until then.
        whole_s: seconds of a run that went on.
        many: tokens of it.
    """
    after = whole_s - first_s
    if after < whole_s / 10 or many <= few:
        return max(1, many) / max(1e-6, whole_s)
    return (many - few) / after


def main() -> int:
    """Measure the model named on the command line and write what was found."""
    write_json(Path(sys.argv[2]), measure(Path(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
