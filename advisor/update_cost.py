"""What it costs, at the user's prices, until a rung goes by a change."""

from dataclasses import replace

from advisor.economics import HOUR_S, machine_price
from advisor.numbers import money
from advisor.prices import Prices
from harness.experiment import Experiment
from harness.probe_result import BroughtUp


def of_machine(experiment: Experiment, prices: Prices) -> Prices:
    """Prices without an hour of the own machine, where a provider answers; the costs' own rule."""
    known = [machine_price(arm, prices) for arm in experiment.rungs.values()]
    return replace(prices, machine_per_hour=next((one for one in known if one is not None), None))


def update_cost(by: BroughtUp, prices: Prices) -> float | None:
    """The engineer's hours and the machine's time, as far as they have a price; None where none."""
    if by.by == "nothing":
        return None
    hours = prices.reindexing_hours if by.by == "index" else prices.retraining_hours
    spent = None if by.seconds is None else by.seconds / HOUR_S
    pairs = ((prices.engineer_per_hour, hours), (prices.machine_per_hour, spent))
    known = [price * amount for price, amount in pairs if price is not None and amount is not None]
    return sum(known) if known else None


def update_words(by: BroughtUp, prices: Prices) -> str:
    """', 0.52 EUR'; empty where nothing prices it."""
    cost = update_cost(by, prices)
    return "" if cost is None else f", {money(cost, prices.currency)}"


def update_sentence(by: BroughtUp, prices: Prices) -> str:
    """What that comes to and of what; empty where nothing prices it."""
    cost = update_cost(by, prices)
    if cost is None:
        return ""
    hours = prices.reindexing_hours if by.by == "index" else prices.retraining_hours
    by_hand = prices.engineer_per_hour is not None and hours is not None
    parts = ["an engineer's hours"] if by_hand else []
    if prices.machine_per_hour is not None and by.seconds is not None:
        parts.append("the machine's time")
    return f" At your prices that is {money(cost, prices.currency)}: {' and '.join(parts)}."
