"""What costs come to, in sentences: the same on the terminal, on a page and in a report. Pure."""

import dataclasses
from collections.abc import Sequence

from advisor.break_even import BreakEven
from advisor.economics import MONTHS
from advisor.measured import TUNED
from advisor.money_tables import BEYOND, Money, at_prices, money_of, price
from advisor.numbers import about, in_sentence, money
from advisor.prices import PRICE_KEYS

NOT_PRICED = (
    "Nothing is priced yet: no price is given, and none ships with Rungwise. Yours go into "
    "[prices] of rungwise.toml, or into the fields on the page Decide."
)
NO_CACHE = "passages and worked examples are chosen for each question, so no cache holds them"
NO_ENERGY = (
    "Energy is not in these figures: it was not measured. An endpoint's is not known here; "
    "rungwise doctor says whether this machine's counters can be read."
)
ENERGY = (
    "Energy is that of processor, memory and graphics card, for whatever ran on them meanwhile; "
    "fans, disks and the power supply are not in it."
)


def sentences(found: Money, full: bool) -> list[str]:
    """What follows from the tables, what was assumed, and what is not in them.

    Args:
        found: at prices, or at none: then that is said.
        full: all remarks, not only those that a decision needs.
    """
    if not found.prices.given:
        return [NOT_PRICED, *([_energy(found)] if full else [])]
    counted = [pair for pair in found.pairs if found.standing in (pair.dearer, pair.cheaper)]
    said = [f"{_priced_by(found)}.", *_no_price(found)]
    said += [*_crossings(found, counted), *_caching(found, counted), *_upkeep(found)]
    if full:
        said += _training(found)
        if found.experiment.diagnostics.graded:
            said.append("An answer that is right in part counts in part as a right one.")
        said.append(_energy(found))
    return [*said, *_missing(found)]


def _energy(found: Money) -> str:
    measured = any(cost.joules is not None for cost in found.costs.values())
    return ENERGY if measured else NO_ENERGY


def _priced_by(found: Money) -> str:
    ways = {cost.basis for cost in found.costs.values()}
    start, unit = at_prices(found.prices), found.prices.currency
    start = f"{start[0].upper()}{start[1:]}"
    if ways == {"none"}:
        return (
            f"{start}, an answer has no price: give input_per_million and output_per_million, or "
            "machine_per_hour for a model on your own machine"
        )
    words = {"tokens": "by the tokens read and written", "seconds": "by the seconds that the "
             "machine of the check worked"}  # fmt: skip
    parts = [text for way, text in words.items() if way in ways]
    text = f"{start}, answers are priced {' and '.join(parts)}"
    wrong = found.prices.wrong_answer_cost
    if wrong is None:
        return text
    rungs = found.experiment.diagnostics.rungs.values()
    but = (
        " (saying that it is not known is not charged)" if any(r.abstention for r in rungs) else ""
    )
    return f"{text}; wrong ones at {price(wrong, unit)} each are added{but}"


def _no_price(found: Money) -> list[str]:
    """Rungs of which an answer, or a right one, has no price."""
    uncounted = [
        cost.title
        for cost in found.costs.values()
        if cost.basis == "tokens" and cost.per_answer is None
    ]
    said = []
    if uncounted:
        said.append(f"No tokens were counted for {', '.join(uncounted)}: no answer has a price.")
    names = [
        cost.title
        for cost in found.costs.values()
        if cost.per_answer is not None and cost.per_right_answer is None
    ]
    if names:
        said.append(f"A right answer has no price where none was right: {', '.join(names)}.")
    return said


NOT_SHOWN = (
    "These volumes charge for wrong answers as they were measured; where two rungs were not shown "
    "to differ in right answers, another set of questions may move them far, or to never."
)


def _crossings(found: Money, counted: Sequence[BreakEven]) -> list[str]:
    """From which volume on the rung that counts, or one against it, costs less."""
    said, paying, told = [], [], ""
    for pair in counted:
        dearer = found.costs[pair.dearer].title
        cheaper = in_sentence(found.costs[pair.cheaper].title)
        at = pair.answers_per_month
        if at is None:
            said.append(f"{dearer} never costs less than {cheaper}.")
        elif at == 0:
            said.append(f"{dearer} costs less than {cheaper} at any volume.")
        elif at > BEYOND:
            said.append(
                f"{dearer} costs less than {cheaper} only above {BEYOND:,.0f} answers a month."
            )
        elif pair.dearer == found.standing:
            paying.append(f"{cheaper} from about {about(at)}")
        else:
            said.append(f"{_pays(dearer, [f'{cheaper} from about {about(at)}'])}.")
    volume = found.prices.answers_per_month
    if volume is not None:
        told = f"; you expect {volume:,.0f}"
    if paying:
        said.insert(0, f"{_pays(found.costs[found.standing].title, paying)}{told}.")
    if said and found.prices.wrong_answer_cost and not _all_shown(found, counted):
        said.append(NOT_SHOWN)
    return said


def _all_shown(found: Money, counted: Sequence[BreakEven]) -> bool:
    """Whether each of these differences in right answers was shown, as it is charged for."""
    pairs = [found.experiment.contrast(one.dearer, one.cheaper) for one in counted]
    return all(one is not None and one.verdict in ("better", "worse") for one in pairs)


def _pays(dearer: str, against: Sequence[str]) -> str:
    return (
        f"{dearer} costs more to build and keep, and less over {MONTHS} months than "
        f"{', than '.join(against)} answers a month on"
    )


def _caching(found: Money, counted: Sequence[BreakEven]) -> list[str]:
    """What a cache was taken to hold, and how far it moves the break-evens."""
    prices = found.prices
    share = prices.cached_share_of_price
    if share is None or share == 1 or not any(c.basis == "tokens" for c in found.costs.values()):
        return []
    if not prices.shared_tokens:
        return [
            "No token was priced as cached: a check does not record how many begin every prompt. "
            f"Write that number as shared_tokens; {NO_CACHE}."
        ]
    said = [
        f"The first {prices.shared_tokens:,.0f} tokens of each prompt were priced as cached, as "
        f"you said; {NO_CACHE}."
    ]
    fresh = money_of(found.experiment, dataclasses.replace(prices, cached_share_of_price=None))
    without = {(pair.dearer, pair.cheaper): pair.answers_per_month for pair in fresh.pairs}
    for pair in counted:
        now, then = pair.answers_per_month, without.get((pair.dearer, pair.cheaper))
        if not then or (now is not None and about(now) == about(then)):
            continue
        dearer, cheaper = (found.costs[name].title for name in (pair.dearer, pair.cheaper))
        said.append(
            f"Without the cache {in_sentence(dearer)} would cost less than {in_sentence(cheaper)} "
            f"from about {about(then)} answers a month on."
        )
    return said


def _upkeep(found: Money) -> list[str]:
    """Indexing anew against training again, at the rate of change given."""
    changes = found.prices.changes_per_month
    paid = [
        f"{money(part.amount, found.prices.currency)} for {in_sentence(cost.title)}"
        for cost in found.costs.values()
        for part in cost.monthly_parts
        if part.words == "upkeep"
    ]
    if changes is None or not paid:
        return []
    return [f"Bringing in {changes:,g} changes a month costs {', '.join(paid)}, each month."]


def _training(found: Money) -> list[str]:
    if found.prices.machine_per_hour is not None or not set(TUNED) & set(found.costs):
        return []
    return ["The machine's time for training is not in it: machine_per_hour is not given."]


def _missing(found: Money) -> list[str]:
    """What would have counted and is not given, each once."""
    absent = {key for cost in found.costs.values() for key in cost.missing}
    labels = [in_sentence(one.label) for one in PRICE_KEYS if one.key in absent]
    return [f"Not counted, because it is not given: {', '.join(labels)}."] if labels else []
