"""What a check will take, in words: time and memory here, and memory of each method on a card."""

from typing import NamedTuple

from advisor.numbers import seconds, size
from harness.estimate import CheckNeed, RungNeed
from tuning.footprint import METHODS, Load, Method, footprint
from tuning.recipe import MICRO_TOKENS
from tuning.sizes import ModelSizes

METHOD_WORDS: dict[Method, str] = {
    "answer": "Answering, nothing trained",
    "lora": "LoRA",
    "qlora": "QLoRA (base in 4 bits meanwhile)",
    "full": "Full fine-tuning",
}
CARD_ROWS = 8
"""Rows that are answered at once on the card that is asked about; training has `MICRO_TOKENS`."""
CONTEXT_BYTES = 0.5e9
"""What CUDA and the library hold on a card before any model is there."""
SPARE = 0.95
"""Share of a card's memory that a process can really have."""


class MethodNeed(NamedTuple):
    """Memory of one way to use a model on a card, in bfloat16."""

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


def method_needs(
    sizes: ModelSizes, row: float, answer: float, rank: int, card_gb: float | None
) -> list[MethodNeed]:
    """Memory of answering and of each way of tuning, for rows like this task's.

    Args:
        sizes: of the model.
        row: tokens of a prompt with its answer.
        answer: of them, tokens of the answer.
        rank: of a LoRA adapter.
        card_gb: memory of the card asked about, in 10^9 bytes.
    """

    def needed(method: Method, rows: float, least: bool) -> float:
        learned = rows if method == "answer" else rows * max(1.0, answer)
        load = Load(round(rows * row), round(learned), round(row), rank, checkpointing=least)
        return CONTEXT_BYTES + footprint(method, sizes, load).total

    out = []
    for method in METHODS:
        rows = CARD_ROWS if method == "answer" else max(1.0, min(CARD_ROWS, MICRO_TOKENS / row))
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
