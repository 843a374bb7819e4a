"""Energy that the machine took meanwhile, where its counters can be read.

Two counters exist: RAPL of Intel and AMD processors, which Linux shows as files, and that of an
NVIDIA card, which the package nvidia-ml-py reads. Both count all that ran, not this process alone,
and neither knows of fans, disks and power supply. A virtual machine has seldom either.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

POWERCAP: Final = Path("/sys/class/powercap")
EVERY_S: Final = 20.0
"""Between two readings. RAPL counters begin again after some 262 kJ: at 300 W after 15 minutes."""
CARD_PACKAGE: Final = "nvidia-ml-py"


class Counter(Protocol):
    """Something that counts joules."""

    def joules(self) -> float:
        """Since the last call; the first gives 0.

        Raises:
            OSError: it can be read no longer.
        """
        ...


@dataclass(slots=True)
class Rapl:
    """One domain of the processor: a package, or the memory beside it."""

    folder: Path
    last: int | None = None

    def joules(self) -> float:
        """See `Counter`. The file counts microjoules up to `max_energy_range_uj`, then from 0."""
        now = int((self.folder / "energy_uj").read_text(encoding="ascii"))
        last, self.last = self.last, now
        if last is None:
            return 0.0
        if now < last:
            now += int((self.folder / "max_energy_range_uj").read_text(encoding="ascii"))
        return (now - last) / 1e6


@dataclass(slots=True)
class Card:
    """An NVIDIA card from Volta on."""

    handle: object
    last: int | None = None

    def joules(self) -> float:
        """See `Counter`. The driver counts millijoules since it was loaded."""
        import pynvml

        try:
            now = int(pynvml.nvmlDeviceGetTotalEnergyConsumption(self.handle))
        except pynvml.NVMLError as error:
            raise OSError(f"the card's counter: {error}") from error
        last, self.last = self.last, now
        return 0.0 if last is None else (now - last) / 1e3


class Counters(NamedTuple):
    """What can be counted here."""

    counters: tuple[Counter, ...]
    """Empty where anything that works is not counted: half of the energy would be a lie."""
    why: str
    """Why there are none, or what is counted; a sentence without its full stop."""


def find_counters(on_card: bool, powercap: Path = POWERCAP) -> Counters:
    """The counters of what works here.

    Args:
        on_card: the model is on an NVIDIA card, so that its counter is needed, too.
        powercap: where the system shows the processor's domains.
    """
    found: list[Counter] = []
    names = []
    for folder in sorted(powercap.glob("intel-rapl:*")):  # AMD's processors stand there, too
        try:
            name = (folder / "name").read_text(encoding="ascii").strip()
            # a package holds its cores; of what is below it, only memory is counted apart
            if not name.startswith("package") and name != "dram":
                continue
            counter = Rapl(folder)
            counter.joules()
        except PermissionError:
            return Counters((), f"{folder.name} may be read by root only "
                                f"(sudo chmod a+r {powercap}/intel-rapl:*/energy_uj)")  # fmt: skip
        except (OSError, ValueError) as error:
            return Counters((), f"{folder.name} cannot be read ({error})")
        found.append(counter)
        names.append(name)
    if not any(name.startswith("package") for name in names):
        return Counters((), "this machine shows no energy counter of its processor")
    if on_card:
        card, why = _card()
        if card is None:
            return Counters((), why)
        found.append(card)
        names.append("card")
    return Counters(tuple(found), f"counted: {', '.join(names)}")


def _card() -> tuple[Card | None, str]:
    """The card that the model is on, which need not be the first of the machine."""
    try:
        import pynvml
    except ImportError:
        return None, f"the card's energy is not counted (pip install {CARD_PACKAGE})"
    import torch

    try:
        pynvml.nvmlInit()
        uuid = str(torch.cuda.get_device_properties(0).uuid).removeprefix("GPU-")
        card = Card(pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}"))
        card.joules()
    except (pynvml.NVMLError, OSError) as error:
        return None, f"the card's energy cannot be read ({error})"
    return card, ""


@dataclass(slots=True)
class EnergyMeter:
    """Counts from its making on; `read` gives joules since the last `read`, `close` ends it."""

    counters: tuple[Counter, ...]
    _sum: float = 0.0
    _broken: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._count()
        self._sum = 0.0
        if self.counters:
            threading.Thread(target=self._watch, daemon=True).start()

    def read(self) -> float | None:
        """Joules; None where nothing counts them, or a counter failed since the last call."""
        self._count()
        with self._lock:
            found, self._sum = self._sum, 0.0
            broken, self._broken = self._broken, False
        return None if broken or not self.counters else found

    def close(self) -> None:
        """Read no more."""
        self._end.set()

    def _watch(self) -> None:
        while not self._end.wait(EVERY_S):
            self._count()

    def _count(self) -> None:
        with self._lock:
            for counter in self.counters:
                try:
                    self._sum += counter.joules()
                except (OSError, ValueError):
                    self._broken = True
