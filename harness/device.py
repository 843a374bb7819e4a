"""Which processor the work runs on and in which precision, with the reason in words."""

import contextlib
import os
import subprocess
from typing import Final, Literal, NamedTuple

Precision = Literal["bfloat16", "float32"]
AMPERE: Final = 8.0
"""Compute capability of the first cards with bfloat16."""


class Device(NamedTuple):
    """Where tensors live and how they are stored."""

    kind: Literal["cuda", "cpu"]
    name: str
    """For people: ``NVIDIA H200`` or ``Intel Xeon, 2 cores``."""
    precision: Precision
    """Precision of the frozen weights and activations; adapters are float32 always."""
    why: str
    """Why this processor and this precision, one sentence."""
    threads: int
    """Threads used on the CPU."""


class Card(NamedTuple):
    """A graphics card."""

    name: str
    memory_bytes: int
    """All of it, free or not."""
    capability: float | None = None
    """Compute capability, NVIDIA's number of a generation; None where the driver does not say."""

    @property
    def bfloat16(self) -> bool | None:
        """Whether it multiplies in bfloat16 by itself; None where that is not known."""
        return None if self.capability is None else self.capability >= AMPERE


def pick_device() -> Device:
    """The fastest processor that is there.

    bfloat16 on CUDA from compute capability 8.0, and on CPUs with AMX or AVX512-BF16: measured 2
    to 4 times as fast as float32 there. Without those instructions bfloat16 is emulated and slower
    than float32, so float32 is taken. `torch.autocast` gained nothing and is not used.
    """
    import torch

    cores, threads = usable_cores(), free_cores()
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name(0)
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Device("cuda", name, "bfloat16", "a CUDA device with bfloat16", threads)
        return Device("cuda", name, "float32", "a CUDA device without bfloat16", threads)
    flags = _cpu_flags()
    label = f"{flags.get('cpu_name') or 'CPU'}, {cores} core{'s' if cores != 1 else ''}"
    for flag, word in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
        if flags.get(flag):
            why = f"no CUDA device; the CPU has {word} for bfloat16"
            return Device("cpu", label, "bfloat16", why, threads)
    return Device(
        "cpu", label, "float32", "no CUDA device; the CPU has neither AMX nor AVX512-BF16", threads
    )


def find_card() -> Card | None:
    """The card that work here would take, without opening it; None where nothing tells of one."""
    capability: float | None = None
    # the name comes last, for nothing keeps a comma out of it
    memory, _, rest = (told_by_driver("memory.total,compute_cap,name") or "").partition(",")
    told, _, name = rest.partition(",")
    if memory.isdecimal():
        with contextlib.suppress(ValueError):
            capability = float(told)
    else:  # a driver of before 2022 does not know the capability
        memory, _, name = (told_by_driver("memory.total,name") or "").partition(",")
    return Card(name.strip(), int(memory) * 2**20, capability) if memory.isdecimal() else None


def told_by_driver(query: str) -> str | None:
    """What the driver's own program says of the card that work here would take.

    Whoever opens a card keeps part of its memory, and this opens none.

    Args:
        query: properties as nvidia-smi names them, with commas between.

    Returns:
        The values in that order, memory in MiB; None where the program is missing or fails, or
        the cards are hidden.
    """
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if not card:  # set to nothing, which hides every card
        return None
    command = ["nvidia-smi", "-i", card, f"--query-gpu={query}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError, ValueError):  # ValueError: no text
        return None
    return done.stdout.strip()


def usable_cores() -> int:
    """CPU cores this process may use (affinity and container limits respected where known)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def free_cores() -> int:
    """Cores that nobody else is using right now, at least 1; ``OMP_NUM_THREADS`` overrides.

    A thread that has to share its core holds up all others at the end of every parallel
    operation: on two cores with one busy neighbour, two threads were measured several times slower
    than one.
    """
    import psutil

    given = wanted_threads()
    if given:
        return given
    busy = sum(psutil.cpu_percent(interval=0.3, percpu=True)) / 100
    return max(1, usable_cores() - int(busy + 0.5))


def wanted_threads() -> int:
    """What ``OMP_NUM_THREADS`` says; 0 where it says nothing."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() else 0


def most_threads() -> int:
    """Threads that work here has when nobody else is working."""
    return wanted_threads() or usable_cores()


def peak_memory_bytes() -> int:
    """The most memory this process has held: resident on the CPU plus allocated on CUDA."""
    import sys

    import psutil

    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = peak if sys.platform == "darwin" else peak * 1024
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_available():
            total += torch.cuda.max_memory_allocated()
    return int(total)


def _cpu_flags() -> dict[str, object]:
    """Instruction sets by name; empty where torch cannot tell."""
    import torch

    if hasattr(torch.cpu, "get_capabilities"):
        return dict(torch.cpu.get_capabilities())
    # torch before 2.13 has these two probes under private names only
    return {
        "amx_bf16": bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)()),
        "avx512_bf16": bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()),
    }
