"""A finished run weighed with its project's weights, at its prices, as they are now."""

from collections.abc import Mapping
from typing import NamedTuple

from advisor.economics import costs_of
from advisor.prices import Prices
from advisor.project import answers_in, prices_of, weights_of
from advisor.recommendation import Recommendation
from advisor.weighing import Grounds, Weighing, weigh
from advisor.weights import Person, proposed
from harness.experiment import Experiment
from harness.resampled import Resampled, resampled
from harness.store import Run


class Weighed(NamedTuple):
    """A weighing with what it rests on."""

    weighing: Weighing
    grounds: Grounds
    people: tuple[Person, ...]
    proposed: bool
    """Nobody has written weights: the answers to the questionnaire propose them."""


def weigh_finished(
    run: Run,
    experiment: Experiment,
    prior: Recommendation | None,
    drawn: Resampled | None = None,
) -> Weighed:
    """Weigh a finished run, whatever else is wrong with its project.

    Args:
        run: finished.
        experiment: its experiment.json.
        prior: what the answers advised when the check ran: it rules rungs out.
        drawn: its resampled scores, where they are at hand.

    Raises:
        UserError: weights, prices or a stored file are wrong, or no rung can be weighed.
    """
    root = run.project
    people, overrides = weights_of(root)
    grounds = Grounds(
        overrides=overrides,
        prices=answer_prices(experiment, prices_of(root)),
        ruled_out=_ruled_out(prior),
    )
    sheet = answers_in(root)
    having_a_say = people or (proposed(sheet.answers if sheet else {}),)
    found = weigh(experiment, drawn or resampled(run, experiment), having_a_say, grounds)
    return Weighed(found, grounds, having_a_say, not people)


def answer_prices(experiment: Experiment, prices: Prices) -> dict[str, float] | None:
    """Rung to cost of an answer; None, and computing seconds stand for it, unless all are priced.

    A mixture would set one rung's money against another's seconds.
    """
    known = known_prices(experiment, prices)
    return known if known and len(known) == len(experiment.rungs) else None


def known_prices(experiment: Experiment, prices: Prices) -> dict[str, float]:
    """Rung to cost of an answer, for the rungs that have one."""
    if not prices.given:
        return {}
    each: Mapping[str, float | None] = {
        name: one.per_answer for name, one in costs_of(experiment, prices).items()
    }
    return {name: amount for name, amount in each.items() if amount is not None}


def _ruled_out(prior: Recommendation | None) -> dict[str, str]:
    """Rungs that the situation forbids; one that only has to wait is weighed."""
    held = prior.blocked if prior else ()
    return {one.rung: one.because for one in held if not one.waiting}
