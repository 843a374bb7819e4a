"""The user's prices: section ``[prices]`` of rungwise.toml. Nothing has a price until one is given.

No price ships with the program: it would look like truth, and would be out of date.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Prices:
    """Section ``[prices]``; None = not given, and then whatever rests on it is not priced."""

    currency: str = ""
    """As it stands behind an amount, such as EUR."""
    date: datetime.date | None = None
    """When these prices held."""
    input_per_million: float | None = None
    """For a million tokens read, at a provider."""
    output_per_million: float | None = None
    """For a million tokens written."""
    cached_share_of_price: float | None = None
    """Price of a token read from the cache over that of a fresh one, 0 to 1; None = no caching."""
    shared_tokens: float | None = None
    """Tokens with which every question's prompt begins: only these can be cached."""
    machine_per_hour: float | None = None
    """Of the machine that answers and trains here."""
    tuned_hosting_per_month: float | None = None
    """For keeping a tuned model ready, whether it is asked or not."""
    engineer_per_hour: float | None = None
    label_per_example: float | None = None
    """For writing or checking the right answer of one example."""
    prompt_setup_hours: float | None = None
    """Of an engineer, to bring a prompt (with or without examples or constraints) into service."""
    rag_setup_hours: float | None = None
    finetune_setup_hours: float | None = None
    reindexing_hours: float | None = None
    """Of an engineer, at each change, where passages are looked up."""
    retraining_hours: float | None = None
    """Of an engineer, at each change, where only training brings it in."""
    changes_per_month: float | None = None
    """How often what the answers rest on changes."""
    answers_per_month: float | None = None
    wrong_answer_cost: float | None = None
    """What one wrong answer costs, once it is out."""

    @property
    def given(self) -> bool:
        """Whether anything has a price."""
        return any(getattr(self, one.key) is not None for one in PRICE_KEYS if one.unit == "money")


Unit = Literal["text", "date", "money", "share", "amount"]


@dataclass(frozen=True, slots=True)
class PriceKey:
    """One key of the section, for the file, the app and the report alike."""

    key: str
    label: str
    """A few words, for a field or a row of a table."""
    remark: str
    """What it is and how it counts; stands behind the key in rungwise.toml."""
    unit: Unit
    example: str
    """A value as it is written; no price anyone asks."""


PRICE_KEYS: tuple[PriceKey, ...] = (
    PriceKey("currency", "Currency", "such as EUR", "text", '"EUR"'),
    PriceKey("date", "Date of these prices", "the day on which they held", "date", "2026-01-31"),
    PriceKey("input_per_million", "A million tokens in", "tokens read, at a provider",
             "money", "0.00"),
    PriceKey("output_per_million", "A million tokens out", "tokens written, at a provider",
             "money", "0.00"),
    PriceKey("cached_share_of_price", "Price of a cached token, share of a fresh one",
             "0 to 1; 1 = no caching", "share", "1.0"),
    PriceKey("shared_tokens", "Tokens that begin every prompt",
             "the instruction's; only these can be cached", "amount", "0"),
    PriceKey("machine_per_hour", "An hour of your machine",
             "answers by a model on it are priced by measured seconds", "money", "0.00"),
    PriceKey("tuned_hosting_per_month", "Hosting a tuned model, a month",
             "paid whether it is asked or not", "money", "0.00"),
    PriceKey("engineer_per_hour", "An hour of an engineer", "for setting up and for upkeep",
             "money", "0.00"),
    PriceKey("label_per_example", "A labelled example", "writing or checking its right answer",
             "money", "0.00"),
    PriceKey("prompt_setup_hours", "Hours to set up a prompt", "in all, until it is in service",
             "amount", "0"),
    PriceKey("rag_setup_hours", "Hours to set up retrieval", "in all, until it is in service",
             "amount", "0"),
    PriceKey("finetune_setup_hours", "Hours to set up fine-tuning",
             "in all, until it is in service", "amount", "0"),
    PriceKey("answers_per_month", "Answers a month", "the volume you expect", "amount", "0"),
    PriceKey("changes_per_month", "Changes a month",
             "how often documents, facts or rules change", "amount", "0"),
    PriceKey("reindexing_hours", "Hours to index a change anew",
             "of an engineer, where passages are looked up", "amount", "0"),
    PriceKey("retraining_hours", "Hours to train a change in",
             "of an engineer, where only training brings it in", "amount", "0"),
    PriceKey("wrong_answer_cost", "A wrong answer", "what one costs once it is out",
             "money", "0.00"),
)  # fmt: skip
"""Every key of the section, in the order in which they are asked for."""

WANTED_PRICES: Mapping[str, str] = {f"prices.{one.key}": one.example for one in PRICE_KEYS}
"""How a value looks, for who wrote another."""
LONGEST_CURRENCY = 12
HIGHEST = 1e9
"""Of any figure; above it is a slip."""


def wrong_values(prices: Prices) -> list[tuple[str, str, str]]:
    """Values that make no sense: (key, what is wrong, what to do), all of them."""
    found = []
    for one in PRICE_KEYS:
        value = getattr(prices, one.key)
        if one.unit in ("text", "date") or value is None:
            continue
        share = one.unit == "share"
        if not 0 <= value <= (1 if share else HIGHEST):  # also where it is nan
            above = "a billion at most" if value > HIGHEST else "0 or more"
            range_ = "a share from 0 to 1" if share else above
            fix = f"write {one.key} = {one.example} with your figure, or remove it"
            found.append((one.key, f"{one.key} must be {range_}", fix))
    pair = ("input_per_million", "output_per_million")
    for key, other in (pair, pair[::-1]):
        if getattr(prices, key) is None and getattr(prices, other) is not None:
            said = f"{other} is given without {key}"
            found.append((key, said, f"add {key}, or remove {other}: an answer costs both"))
    if len(prices.currency) > LONGEST_CURRENCY or not prices.currency.isprintable():
        said = f"currency must be a word of at most {LONGEST_CURRENCY} letters"
        found.append(("currency", said, 'write currency = "EUR"'))
    return found
