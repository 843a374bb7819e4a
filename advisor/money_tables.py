"""Costs as tables: the same on the terminal, on a page and in a report. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from advisor.break_even import BreakEven, break_evens
from advisor.choice import choose, standing_on
from advisor.economics import MONTHS, RungCost, costs_of
from advisor.numbers import about, energy, money, seconds, size
from advisor.prices import PRICE_KEYS, Prices
from harness.experiment import Experiment

THOUSAND = 1000
BEYOND = 1e9
"""Answers a month above which a break-even is no plan."""
KINDS = {
    "labelled examples": "Labelled examples",
    "setting up": "Setting up",
    "preparing": "Preparing",
    "evaluating": "Evaluating",
    "hosting": "Hosting",
    "upkeep": "Upkeep",
}
"""Parts of a cost, in the order in which they are shown."""


class Rows(NamedTuple):
    """A table; its first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    """How many columns at the left are words."""


@dataclass(frozen=True, slots=True)
class Money:
    """An experiment at some prices."""

    experiment: Experiment
    prices: Prices
    costs: Mapping[str, RungCost]
    pairs: tuple[BreakEven, ...]
    standing: str
    """The rung to compare the others with: the chosen one, or the one that came nearest."""


def money_of(experiment: Experiment, prices: Prices) -> Money:
    """Work out what a measured ladder costs at these prices."""
    costs = costs_of(experiment, prices)
    standing = standing_on(experiment, choose(experiment))
    return Money(experiment, prices, costs, break_evens(experiment, costs), standing)


def at_prices(prices: Prices) -> str:
    """'at your prices of 31 January 2026'; says so where they carry no date."""
    if prices.date is None:
        return "at your prices, which carry no date"
    return f"at your prices of {prices.date.day} {prices.date:%B %Y}"


def time_rows(found: Money) -> Rows:
    """What the answers take of the machine, which needs no price."""
    rows = [
        (
            cost.title,
            seconds(cost.waiting_s),
            seconds(_thousand(cost.busy_s)),
            seconds_right(cost),
            seconds(found.experiment.rungs[name].prepare_s),
            size(cost.memory_bytes),
        )
        for name, cost in found.costs.items()
    ]
    head = (
        "Rung", "One answer, alone", "1,000 at once", "1,000 right ones", "To prepare", "Memory"
    )  # fmt: skip
    return Rows("Time and memory, as measured", head, tuple(rows))


def energy_rows(found: Money) -> Rows | None:
    """What processor, memory and card took, as far as counters say; None where they do not."""
    if all(cost.joules is None for cost in found.costs.values()):
        return None
    rows = [
        (
            cost.title,
            energy(_thousand(cost.joules)),
            energy_right(cost),
            energy(cost.prepare_joules),
        )
        for cost in found.costs.values()
    ]
    head = ("Rung", "1,000 answers", "1,000 right ones", "To prepare")
    return Rows("Energy, as the machine's counters gave it", head, tuple(rows))


def energy_right(cost: RungCost) -> str:
    """The energy of a thousand right answers."""
    if cost.joules is not None and cost.joules_per_right is None:
        return "none right"
    return energy(_thousand(cost.joules_per_right))


def _thousand(amount: float | None) -> float | None:
    return None if amount is None else THOUSAND * amount


def seconds_right(cost: RungCost) -> str:
    """The machine's time for a thousand right answers."""
    if cost.busy_s is not None and cost.busy_s_per_right is None:
        return "none right"
    return seconds(_thousand(cost.busy_s_per_right))


def money_rows(found: Money) -> Rows:
    """Every rung at the prices given."""
    unit = found.prices.currency
    rows = [
        (
            cost.title,
            money(_thousand(cost.per_answer)),
            right_words(cost),
            money(cost.up_front),
            _given(cost.per_month, found.prices.answers_per_month is None, "no volume given"),
            _year(cost),
        )
        for cost in found.costs.values()
    ]
    head = ("Rung", "1,000 answers", "1,000 right ones (95 %)", "To build", "A month",
            f"Building and {MONTHS} months")  # fmt: skip
    caption = f"Cost{f' in {unit}' if unit else ''}, {at_prices(found.prices)}"
    return Rows(caption, head, tuple(rows))


def right_words(cost: RungCost, unit: str = "") -> str:
    """'0.42 (0.38–0.50)': a thousand right answers, by the score and its interval."""
    if cost.per_answer is None:
        return "not priced"
    if cost.per_right_answer is None:
        return "none right"
    text = money(_thousand(cost.per_right_answer), unit)
    if cost.per_right_low is None:
        return text
    low = money(_thousand(cost.per_right_low))
    if cost.per_right_high is None:
        return f"{text} ({low} or more)"
    return f"{text} ({low}–{money(_thousand(cost.per_right_high))})"


def _given(amount: float | None, absent: bool, why: str) -> str:
    return why if amount is None and absent else money(amount)


def _year(cost: RungCost) -> str:
    if cost.per_year is None:
        return "no volume given" if cost.answers_per_month is None else "not priced"
    if cost.per_year_low == cost.per_year_high:
        return money(cost.per_year)
    return f"{money(cost.per_year)} ({money(cost.per_year_low)}–{money(cost.per_year_high)})"


def pair_rows(found: Money) -> Rows | None:
    """Every break-even; None where none can be told."""
    rows = [
        (found.costs[p.dearer].title, found.costs[p.cheaper].title, _from(p.answers_per_month))
        for p in found.pairs
    ]
    caption = f"From which volume on the first costs less than the second over {MONTHS} months"
    head = ("Dearer before the first answer", "than", "Answers a month")
    return Rows(caption, head, tuple(rows), words=2) if rows else None


def _from(volume: float | None) -> str:
    if volume is None or volume > BEYOND:
        return "never" if volume is None else "above a billion"
    return about(volume) if volume else "any"


def part_rows(found: Money) -> Rows | None:
    """What building and keeping each rung is made of; None where nothing of it has a price."""
    parts = {
        name: dict((*cost.up_front_parts, *cost.monthly_parts))
        for name, cost in found.costs.items()
    }
    kinds = [kind for kind in KINDS if any(kind in one for one in parts.values())]
    if not kinds:
        return None
    rows = [
        (found.costs[name].title, *(money(one[kind]) if kind in one else "" for kind in kinds))
        for name, one in parts.items()
    ]
    caption = "To build, once; hosting and upkeep, a month"
    return Rows(caption, ("Rung", *(KINDS[kind] for kind in kinds)), tuple(rows))


def price(value: float, currency: str) -> str:
    """A figure as the user wrote it, which is not rounded: 0.02 -> '0.02 EUR'."""
    return f"{value:,.10g} {currency}".rstrip()


def used_prices(prices: Prices) -> tuple[tuple[str, str], ...]:
    """What was given, name and value."""
    pairs = []
    for one in PRICE_KEYS:
        value = getattr(prices, one.key)
        if value in (None, ""):
            continue
        text = price(value, prices.currency) if one.unit == "money" else ""
        pairs.append(
            (one.label, text or (f"{value:,g}" if isinstance(value, float) else str(value)))
        )
    return tuple(pairs)
