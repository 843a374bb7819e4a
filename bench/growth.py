"""How time and memory grow with the amount of work, and what breaks first.

Every size runs in a process of its own, so that its memory is its own. Where the language model is
not what grows it is a tiny random one, on one thread, and vectors are drawn: seconds are those of
everything but the model, and say nothing about a model's. A size that would take longer than what
is left of a curve's time is left out and named.
"""

import math
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench.growing import answers, cells, passages, training
from bench.sides import begin_peak, peak_bytes
from harness.types import Json

CURVE_S = 80.0
"""Of one curve, without what starting a process and setting up take."""
LINEAR = 1.15
"""Exponent of time by size up to which growth counts as about linear."""
FLAT_GB = 0.15
"""What memory may grow by where data streams."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One thing that grows."""

    what: str
    sizes: Sequence[int]
    work: Callable[[int], float]
    """A function of a module: does it at a size, returns the seconds of what is measured."""
    streams: bool
    """Whether memory should stay flat."""


CURVES = (
    Curve("held-out items, answered, scored and written", (100, 1_000, 10_000), answers, True),
    Curve("passages, indexed, saved, loaded and searched", (1_000, 10_000, 100_000), passages,
          False),
    Curve("training examples, one epoch", (100, 1_000, 10_000), training, True),
    Curve("rungs x seeds, compared", (5, 10, 20, 40), cells, False),
)  # fmt: skip


def measure() -> dict[str, Json]:
    """Each curve: seconds and memory by size, the exponent of time, what breaks first."""
    found = {curve.what: grown(curve) for curve in CURVES}
    return {"curves": found, "breaks first": breaks_first(found)}


def grown(curve: Curve, most_s: float = CURVE_S) -> dict[str, Json]:
    """One curve; the next size is expected to take as much longer as it is larger."""
    points: list[dict[str, Json]] = []
    left_out: list[int] = []
    for size in curve.sizes:
        left = most_s - sum(point["s"] for point in points)
        if points and points[-1]["s"] * size / points[-1]["size"] > left:
            left_out.append(size)
            continue
        seconds, peak = _alone(curve.work, size)
        points.append({"size": size, "s": round(seconds, 2), "peak_gb": round(peak / 1e9, 2)})
    rose = points[-1]["peak_gb"] - points[0]["peak_gb"]
    return {
        "points": points,
        "time grows by size to the power of": exponent(points),
        "memory grew by, GB": round(rose, 2),
        "memory should stay flat": curve.streams,
        "left out for want of time": left_out,
    }


def exponent(points: Sequence[dict[str, Json]]) -> float | None:
    """Of time by size between the last two points, where set-up counts least; None with one."""
    if len(points) < 2:
        return None
    a, b = points[-2:]
    return round(math.log(b["s"] / max(a["s"], 0.01)) / math.log(b["size"] / a["size"]), 2)


def breaks_first(found: dict[str, Json]) -> list[str]:
    """Curves that do not keep what they should, in words; none where all do."""
    out = []
    for what, curve in found.items():
        power, rose = curve["time grows by size to the power of"], curve["memory grew by, GB"]
        if power is not None and power > LINEAR:
            out.append(f"{what}: time grows by size to the power of {power}")
        if curve["memory should stay flat"] and rose > FLAT_GB:
            out.append(f"{what}: memory grew by {rose} GB although data streams")
        for size in curve["left out for want of time"]:
            out.append(f"{what}: {size:,} did not fit into the {CURVE_S:g} s of a curve")
    return out


def _alone(work: Callable[[int], float], size: int) -> tuple[float, int]:
    before = os.environ.get("OMP_NUM_THREADS")
    # read when the process starts; two threads would stall on operations as small as these
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_told, args=(work, size, there), daemon=True)
    process.start()
    if before is None:
        os.environ.pop("OMP_NUM_THREADS")
    else:
        os.environ["OMP_NUM_THREADS"] = before
    there.close()
    try:
        seconds, peak = here.recv()
    except EOFError as error:
        raise SystemExit(
            f"error: {work.__name__} ended at size {size:,}\nfix: see its own words above"
        ) from error
    process.join()
    return float(seconds), int(peak)


def _told(work: Callable[[int], float], size: int, pipe: Connection) -> None:
    begin_peak()
    pipe.send((work(size), peak_bytes()))
