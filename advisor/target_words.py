"""What is good enough: how to say it, what follows without it, and where answering pays."""

from advisor.limits import NO_TARGET, break_even
from advisor.numbers import money, percent
from advisor.prices import Prices
from advisor.project import Project

SET_ONE = (
    f"{NO_TARGET} Set one with --target 0.80, or target = 0.80 under [check] in rungwise.toml."
)


def pays_sentence(undoes: float, prices: Prices) -> str:
    """From which share of right answers answering pays.

    Args:
        undoes: right answers that one wrong answer undoes.
        prices: what a wrong answer costs says what a right one is then worth.
    """
    said = f"Then answering begins to pay from {percent(break_even(undoes))} right."
    if prices.wrong_answer_cost and undoes:
        worth = money(prices.wrong_answer_cost / undoes, prices.currency)
        said += f" At your price of a wrong answer, a right one is then worth {worth}."
    return said


def no_target_text(project: Project) -> str:
    """How to say what is good enough, where nobody has."""
    undoes = project.check.wrong_undoes
    if undoes is None:
        return f"{SET_ONE} To find one out: rungwise ask {project.root}"
    return f"{SET_ONE} One wrong answer undoes {undoes:g} right ones. " + pays_sentence(
        undoes, project.prices
    )
