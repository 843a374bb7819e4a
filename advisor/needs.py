"""What a check will take, in words: time and memory here, and memory of each method on a card."""

from typing import NamedTuple

from advisor.numbers import seconds, size
from harness.device import Card, Precision
from harness.estimate import CheckNeed, RungNeed
from tuning.at_once import at_once
from tuning.footprint import METHODS, Load, Method, footprint
from tuning.sizes import ModelSizes

METHOD_WORDS: dict[Method, str] = {
    "answer": "Answering, nothing trained",
    "lora": "LoRA",
    "qlora": "QLoRA (base in 4 bits meanwhile)",
    "full": "Full fine-tuning",
}
CARD_ROWS = 8
"""Rows that are answered, or learned from, at once on the card that is asked about."""
CONTEXT_BYTES = 0.5e9
"""What CUDA and the library hold on a card before any model is there."""
SPARE = 0.95
"""Share of a card's memory that a process can really have."""


SAME_CARD = 0.1
"""Share by which what a card is sold with differs from what its driver says it has."""


class Assumed(NamedTuple):
    """What a card is taken to compute in; see `harness.device.pick_device`."""

    precision: Precision
    why: str
    """One sentence."""

    @property
    def width(self) -> int:
        """Bytes of a value."""
        return 2 if self.precision == "bfloat16" else 4


class MethodNeed(NamedTuple):
    """Memory of one way to use a model on a card."""

    method: Method
    words: str
    memory_bytes: float
    least_bytes: float
    """Where memory is short: one row at once and, in training, each layer computed twice."""
    fits: bool | None
    """Whether the least does; None where no card is named."""


def need_line(need: CheckNeed) -> str:
    """Time and memory of the whole check, one sentence."""
    words = (
        f"This will take about {minutes(need.seconds)} on this machine ({need.speed.device}) and "
        f"at most {size(need.memory_bytes)} of memory at once."
    )
    if need.busy_cores:
        words += f" Others keep {need.busy_cores} of its cores busy; alone it is faster."
    if need.fits:
        return words
    where = "free on the card" if need.on_card else "free"
    return (
        f"{words} Only {size(need.free_bytes)} are {where}: close other programs, or leave out "
        f"{' and '.join(rung.title for rung in too_large(need))}."
    )


def too_large(need: CheckNeed) -> list[RungNeed]:
    """Rungs that need more memory than is free."""
    return [rung for rung in need.rungs if not need.has_room_for(rung.memory_bytes)]


def rung_line(need: RungNeed) -> str:
    """Time and memory of one rung, for its card."""
    return f"About {minutes(need.seconds)} and {size(need.memory_bytes)} of memory."


def minutes(value: float) -> str:
    """As exact as a forecast is: 50 -> '1 minute', 512 -> '9 minutes', 9000 -> '2.5 h'."""
    if value >= 7200:
        return seconds(value)
    whole = max(1, round(value / 60))
    return f"{whole} minute{'s' if whole > 1 else ''}"


def assumed_on(card_gb: float | None, card: Card | None) -> Assumed:
    """What the card that is asked about computes in, as far as it is known.

    Args:
        card_gb: its memory, in 10^9 bytes; None for any card.
        card: this machine's, which is the one asked about where it has that much.
    """
    if card is not None and card.bfloat16 is not None:
        held = card.memory_bytes / 1e9
        if card_gb is None or abs(held - card_gb) <= SAME_CARD * card_gb:
            return assumed(card.name, card.bfloat16)
    return assumed("", True)


def assumed(name: str, bfloat16: bool) -> Assumed:
    """What a card computes in.

    Args:
        name: of one that is known; empty for another.
        bfloat16: whether it has that.
    """
    if not bfloat16:
        return Assumed("float32", f"{name} has no bfloat16, so float32 is counted.")
    if name:
        return Assumed("bfloat16", f"{name} computes in bfloat16.")
    return Assumed(
        "bfloat16",
        "bfloat16 is assumed: an older card (compute capability below 8.0, as T4 or V100) computes "
        "in float32 and needs up to twice as much.",
    )


def method_needs(
    sizes: ModelSizes, row: float, answer: float, rank: int, card_gb: float | None, width: int = 2
) -> list[MethodNeed]:
    """Memory of answering and of each way of tuning, for rows like this task's.

    Args:
        sizes: of the model.
        row: tokens of a prompt with its answer.
        answer: of them, tokens of the answer.
        rank: of a LoRA adapter.
        card_gb: memory of the card asked about, in 10^9 bytes.
        width: bytes of a value on it; see `Assumed`.
    """
    learned_at_once = at_once("cuda").learned

    def needed(method: Method, rows: float, least: bool) -> float:
        learned = rows if method == "answer" else rows * max(1.0, answer)
        load = Load(round(rows * row), round(learned), round(row), rank, width, checkpointing=least)
        return CONTEXT_BYTES + footprint(method, sizes, load).total

    out = []
    for method in METHODS:
        rows = CARD_ROWS if method == "answer" else max(1.0, min(CARD_ROWS, learned_at_once / row))
        most, least = needed(method, rows, False), needed(method, 1, True)
        fits = None if card_gb is None else least <= SPARE * card_gb * 1e9
        out.append(MethodNeed(method, METHOD_WORDS[method], most, least, fits))
    return out


def card_line(name: str, needs: list[MethodNeed], card_gb: float) -> str:
    """Which methods fit a card, and what the others need at the least."""
    fitting = [one for one in needs if one.fits]
    rest = [f"{one.words} needs {size(one.least_bytes)}" for one in needs if not one.fits]
    if not fitting:
        return f"Nothing with {name} fits {card_gb:g} GB: {'; '.join(rest)}."
    words = f"With {card_gb:g} GB, {name} allows: {', '.join(one.words for one in fitting)}"
    return f"{words}. {'; '.join(rest)}." if rest else f"{words}."
