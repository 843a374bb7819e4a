"""rungwise cost: what every rung costs at the project's own prices, and from where on it pays."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.money_tables import money_of
from advisor.project import prices_of
from advisor.summary import cost_text
from advisor.terminal import out, out_json
from advisor.verb import Verb


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print costs; without prices, time and memory and how to give them."""
    found = workflow.find_run(given.run)
    money = money_of(workflow.finished(found), prices_of(found.project))
    if given.json:
        out_json({"prices": money.prices, "rungs": money.costs, "break_even": money.pairs})
    else:
        out(cost_text(money, full=True))
    return 0


NOTES = (
    "Your prices stand under [prices] in rungwise.toml, or in the fields of the page Decide. None\n"
    "ships with Rungwise."
)

VERB = Verb(
    name="cost",
    example="rungwise cost support-desk/runs/first",
    configure=configure,
    run=run,
    notes=NOTES,
)
