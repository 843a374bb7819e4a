"""What each rung costs: an answer, a right answer, to build, to keep, and over a year. Pure.

Amounts of work (tokens, seconds) are those that the check measured, prices are the user's. What is
not given is not counted, and is listed as missing; nothing stands in for it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from advisor.measured import TUNED
from advisor.paid import HOUR_S, Part, known, machine_price, times, total
from advisor.prices import Prices
from advisor.right_share import held_back, right_share
from advisor.update_cost import update_parts
from harness.experiment import ArmResult, Experiment
from harness.probe_result import BroughtUp

Basis = Literal["tokens", "seconds", "none"]
MONTHS = 12
"""Over which building is spread, and totals are added up."""
MILLION = 1e6
LOOKS_UP = ("rag", "rag_finetune")
"""Rungs into which a change is brought by indexing it anew."""


@dataclass(frozen=True, slots=True)
class RungCost:
    """What one rung costs, in the user's currency; None = not known at the prices given."""

    rung: str
    title: str
    waiting_s: float | None
    """Seconds a question, one at a time: the median."""
    busy_s: float | None
    """Seconds of the machine an answer: the whole held-out set's, over its number of questions."""
    busy_s_per_right: float | None
    """The same over the share of right answers; None where none was right."""
    memory_bytes: int
    joules: float | None
    """Energy of the machine an answer; None where its counters cannot be read."""
    joules_per_right: float | None
    prepare_joules: float | None
    basis: Basis
    """What an answer is priced by."""
    per_answer: float | None
    per_right_answer: float | None
    """Cost of an answer over the share of right ones; None where none was right."""
    per_right_low: float | None
    per_right_high: float | None
    """By the score's 95 % interval; None where it has no end, because none right is possible."""
    wrong_per_answer: float | None
    """Expected cost of wrong answers, an answer; None where a wrong one has no price. One that says
    it does not know is none."""
    up_front_parts: tuple[Part, ...]
    monthly_parts: tuple[Part, ...]
    """What is paid each month whatever the volume: hosting and upkeep."""
    up_front: float | None
    """None where nothing that building takes has a price."""
    answers_per_month: float | None
    per_month: float | None
    """At that volume: answers, wrong answers, hosting, upkeep. Building is not in it."""
    per_year: float | None
    """Building and twelve months."""
    per_year_low: float | None
    per_year_high: float | None
    """By the score's interval, where wrong answers have a price; else both are the total."""
    missing: tuple[str, ...]
    """Keys of the section that would have counted here and are not given."""

    @property
    def each(self) -> float | None:
        """What one more answer costs, with the expected cost of its being wrong."""
        return None if self.per_answer is None else self.per_answer + (self.wrong_per_answer or 0)

    @property
    def fixed_per_month(self) -> float:
        """What a month costs without any answer: hosting, upkeep, and building spread out."""
        return (self.up_front or 0.0) / MONTHS + sum(part.amount for part in self.monthly_parts)

    def month_at(self, answers: float) -> float | None:
        """A month with so many answers, building spread over the year; None = not priced."""
        return None if self.each is None else self.fixed_per_month + answers * self.each


def costs_of(experiment: Experiment, prices: Prices) -> Mapping[str, RungCost]:
    """Every rung's cost, in order of effort.

    Args:
        experiment: measured.
        prices: checked as `advisor.prices.wrong_values` does.
    """
    return {name: _cost(experiment, name, prices) for name in experiment.rungs}


def _cost(experiment: Experiment, name: str, prices: Prices) -> RungCost:
    arm = experiment.rungs[name]
    right = right_share(experiment, arm)
    busy = _per_item(arm.answer_s, experiment) or 0.0
    joules = _per_item(arm.answer_joules, experiment)
    basis = _basis(arm, prices)
    each = _answer(arm, basis, busy, prices)
    tasks = _Tasks(experiment, name, arm, prices)
    building, keeping = tasks.up_front(each), tasks.monthly()
    up_front = total(building)
    fixed = sum(part.amount for part in keeping)
    volume, wrong = prices.answers_per_month, prices.wrong_answer_cost
    unsaid = held_back(experiment, name)

    def month(share: float | None) -> float | None:
        """A month where this share of the answers is right."""
        if volume is None or each is None:
            return None
        fee = 0.0 if wrong is None or share is None else wrong * max(0.0, 1 - share - unsaid)
        return fixed + volume * (each + fee)

    def year(share: float | None) -> float | None:
        paid = month(share)
        return None if paid is None else (up_front or 0.0) + MONTHS * paid

    return RungCost(
        rung=name,
        title=arm.title,
        waiting_s=arm.latency_s.p50,
        busy_s=busy or None,
        busy_s_per_right=_over(busy or None, right.mean),
        memory_bytes=arm.peak_memory_bytes,
        joules=joules,
        joules_per_right=_over(joules, right.mean),
        prepare_joules=arm.prepare_joules,
        basis=basis,
        per_answer=each,
        per_right_answer=_over(each, right.mean),
        per_right_low=_over(each, right.high),
        per_right_high=_over(each, right.low),
        wrong_per_answer=(
            None
            if wrong is None or right.mean is None
            else wrong * max(0.0, 1 - right.mean - unsaid)
        ),
        up_front_parts=building,
        monthly_parts=keeping,
        up_front=up_front,
        answers_per_month=volume,
        per_month=month(right.mean),
        per_year=year(right.mean),
        per_year_low=year(right.mean if right.high is None else right.high),
        per_year_high=year(right.mean if right.low is None else right.low),
        missing=tuple(tasks.missing(basis)),
    )


def _per_item(amount: float | None, experiment: Experiment) -> float | None:
    n = experiment.task.n_heldout
    return None if amount is None or not n else amount / n


def _over(amount: float | None, share: float | None) -> float | None:
    """Cost-of-pass: what is spent until one answer is right; without end where none is."""
    if amount is None or not share:
        return None
    found = amount / share
    return found if math.isfinite(found) else None


def _basis(arm: ArmResult, prices: Prices) -> Basis:
    """Seconds of the user's machine where it answers and has a price, else tokens."""
    if machine_price(arm, prices) is not None:
        return "seconds"
    return "none" if prices.input_per_million is None else "tokens"


def _answer(arm: ArmResult, basis: Basis, busy_s: float, prices: Prices) -> float | None:
    """Price of an answer; None where nothing prices it, or nothing was measured to be priced."""
    if basis == "seconds":
        return busy_s * (prices.machine_per_hour or 0.0) / HOUR_S if busy_s else None
    if basis == "none" or not arm.prompt_tokens:
        return None
    read = arm.prompt_tokens - cached_tokens(arm, prices) * (1 - _cached_share(prices))
    paid = read * (prices.input_per_million or 0.0)
    return (paid + arm.completion_tokens * (prices.output_per_million or 0.0)) / MILLION


def _cached_share(prices: Prices) -> float:
    return 1.0 if prices.cached_share_of_price is None else prices.cached_share_of_price


def cached_tokens(arm: ArmResult, prices: Prices) -> float:
    """Tokens of a prompt that a cache can hold: the beginning that all questions share.

    A check records whole prompts only, so the user says how long that beginning is. Passages and
    worked examples are chosen for each question here, and are never among it.
    """
    return min(prices.shared_tokens or 0.0, arm.prompt_tokens)


class _Tasks(NamedTuple):
    """The work on one rung besides answering."""

    experiment: Experiment
    name: str
    arm: ArmResult
    prices: Prices

    def up_front(self, per_answer: float | None) -> tuple[Part, ...]:
        """Labels, set-up, preparing and evaluating, as far as they have a price."""
        prices, machine = self.prices, machine_price(self.arm, self.prices)
        return known(
            ("labelled examples", times(prices.label_per_example, self._labelled())),
            ("setting up", times(prices.engineer_per_hour, self._setup_hours())),
            ("preparing", times(machine, (self.arm.prepare_s + self._index_s()) / HOUR_S)),
            ("evaluating", times(per_answer, self.experiment.task.n_heldout)),
        )

    def monthly(self) -> tuple[Part, ...]:
        """Hosting and upkeep, as far as they have a price."""
        prices = self.prices
        hosting = prices.tuned_hosting_per_month if self.name in TUNED else None
        return known(("hosting", hosting), ("upkeep", self._upkeep()))

    def missing(self, basis: Basis) -> list[str]:
        """Keys that would have counted."""
        tuned, looks_up = self.name in TUNED, self.name in LOOKS_UP
        wanted = ["engineer_per_hour", "label_per_example", *self._setup_keys(),
                  "answers_per_month", "wrong_answer_cost"]  # fmt: skip
        if tuned:
            wanted.append("tuned_hosting_per_month")
        if tuned or looks_up:
            wanted += ["changes_per_month", "reindexing_hours" if looks_up else "retraining_hours"]
        found = [key for key in wanted if getattr(self.prices, key) is None]
        if basis == "none":
            found.insert(0, "input_per_million")
        return found

    def _labelled(self) -> int:
        """Examples whose right answers the rung needed: to learn, to choose, to be evaluated."""
        task, settings = self.experiment.task, self.arm.settings
        needed = task.n_heldout
        if self.arm.effort.get("dev_answers"):
            needed += task.n_dev
        if self.name in TUNED:
            return needed + task.n_train
        # the pool from which examples are shown is all there is to learn from
        return needed + (task.n_train if settings.get("demonstrations") else 0)

    def _setup_keys(self) -> list[str]:
        kinds = ["rag"] if self.name in LOOKS_UP else []
        kinds += ["finetune"] if self.name in TUNED else []
        return [f"{kind}_setup_hours" for kind in kinds or ["prompt"]]

    def _setup_hours(self) -> float | None:
        """Retrieval with a tuned model takes both; None where one of them is not given."""
        hours = [getattr(self.prices, key) for key in self._setup_keys()]
        return None if None in hours else sum(hours)

    def _upkeep(self) -> float | None:
        """A month's changes: indexed anew where passages are looked up, else trained in.

        A changed fact is brought into retrieval with tuning by the index alone. The machine's time
        to index or to train is that of the check.
        """
        if self.name in LOOKS_UP:
            by = BroughtUp("index", self._index_s() or None)
        elif self.name in TUNED:
            by = BroughtUp("train", self.arm.prepare_s or None)
        else:
            return None
        hour = machine_price(self.arm, self.prices)
        parts = update_parts(by, replace(self.prices, machine_per_hour=hour))
        return times(total(parts), self.prices.changes_per_month)

    def _index_s(self) -> float:
        """Seconds of embedding and indexing; 0 where nothing is looked up, or it is not known."""
        return (self.experiment.index_s or 0.0) if self.name in LOOKS_UP else 0.0
