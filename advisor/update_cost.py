"""What it costs, at the user's prices, until a rung goes by a change."""

from dataclasses import replace

from advisor.numbers import money
from advisor.paid import HOUR_S, Part, known, machine_price, times, total
from advisor.prices import Prices
from harness.experiment import Experiment
from harness.probe_result import BroughtUp


def of_machine(experiment: Experiment, prices: Prices) -> Prices:
    """Prices without an hour of the own machine, where a provider answers; the costs' own rule."""
    hours = [machine_price(arm, prices) for arm in experiment.rungs.values()]
    return replace(prices, machine_per_hour=next((one for one in hours if one is not None), None))


def update_parts(by: BroughtUp, prices: Prices) -> tuple[Part, ...]:
    """The engineer's hours and the machine's time, as far as they have a price.

    Args:
        by: what it takes, measured.
        prices: with an hour of the machine only where that is the user's own (`of_machine`).
    """
    if by.by == "nothing":
        return ()
    hours = prices.reindexing_hours if by.by == "index" else prices.retraining_hours
    spent = None if by.seconds is None else by.seconds / HOUR_S
    return known(
        ("an engineer's hours", times(prices.engineer_per_hour, hours)),
        ("the machine's time", times(prices.machine_per_hour, spent)),
    )


def update_cost(by: BroughtUp, prices: Prices) -> float | None:
    """All of it; None where nothing of it has a price."""
    return total(update_parts(by, prices))


def update_words(by: BroughtUp, prices: Prices) -> str:
    """', 0.52 EUR'; empty where nothing prices it."""
    cost = update_cost(by, prices)
    return "" if cost is None else f", {money(cost, prices.currency)}"


def update_sentence(by: BroughtUp, prices: Prices) -> str:
    """What that comes to and of what; empty where nothing prices it."""
    cost = update_cost(by, prices)
    if cost is None:
        return ""
    named = " and ".join(part.words for part in update_parts(by, prices))
    return f" At your prices that is {money(cost, prices.currency)}: {named}."
