"""How much of the machine others used while answers were timed."""

import os
import time
from dataclasses import dataclass
from typing import NamedTuple

SHORTEST_S = 0.5
"""Below it the operating system's clock of 10 ms steps says too little."""
QUIET = 0.15
"""Of the usable cores; what others may use before times are no longer those of this machine."""


@dataclass(frozen=True, slots=True)
class Contention:
    """What others did to the processor meanwhile."""

    others: float
    """Cores that other processes, and other guests of the machine, kept busy on average."""
    cores: int
    """Cores that this process may use; only these are looked at."""

    @property
    def quiet(self) -> bool:
        """Whether times are those of this machine alone."""
        return self.others <= QUIET * self.cores


class _Clock(NamedTuple):
    wall: float
    busy: float
    """Seconds that the usable cores were at work, for whomever, since the machine was started."""
    own: float
    """Seconds of it that this process used."""


class Meter:
    """Starts to look when it is made."""

    def __init__(self) -> None:
        self._start = _now()

    def read(self) -> Contention | None:
        """Since the start; None where that is too short to tell."""
        now, start = _now(), self._start
        wall = now.wall - start.wall
        if wall < SHORTEST_S:
            return None
        others = (now.busy - start.busy) - (now.own - start.own)
        return Contention(max(0.0, others / wall), len(_cpus()))


def _now() -> _Clock:
    import psutil

    every = psutil.cpu_times(percpu=True)
    busy = 0.0
    for number in _cpus():
        times = every[number]
        # a guest's time is part of the user's; stolen time is another guest's of this machine
        busy += times.user + times.system + getattr(times, "nice", 0.0)
        busy += sum(getattr(times, name, 0.0) for name in ("irq", "softirq", "steal"))
    mine = psutil.Process().cpu_times()
    return _Clock(time.perf_counter(), busy, mine.user + mine.system)


def _cpus() -> list[int]:
    """Numbers of the cores that this process may use."""
    import psutil

    known = range(psutil.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        # a container may show fewer cores than the numbers of those it lends
        return sorted(number for number in os.sched_getaffinity(0) if number in known) or [*known]
    return [*known]
