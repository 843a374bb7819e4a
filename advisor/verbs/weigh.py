"""rungwise weigh: a run's rungs by what matters, and what would change their order."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.deciding import finished, weigh_run
from advisor.terminal import out, out_json
from advisor.verb import Verb
from advisor.weighing_words import sentences, weighing_text, weights_sentence


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print utilities, flips, random weightings, and how they came about."""
    of = finished(workflow.find_run(given.run))
    found = weigh_run(of)
    verdict = workflow.verdict_of(of.experiment)
    if given.json:
        words = sentences(found.weighing, verdict)
        out_json({"run": of.run.name, "weighing": found.weighing, "sentences": words})
        return 0
    out(weighing_text(found.weighing, found.grounds, verdict))
    out(f"\n{weights_sentence(found.weighing, found.proposed)}")
    if found.proposed:
        out(
            "Write your own under [weights] in rungwise.toml, 0 to 10 each, or for several people "
            "under [weights.NAME]."
        )
    return 0


NOTES = (
    "Your weights stand under [weights] in rungwise.toml (0 to 10 each, or for several people\n"
    "under [weights.NAME]), or are set by the sliders of the page Decide."
)

VERB = Verb(
    name="weigh",
    example="rungwise weigh support-desk/runs/first",
    configure=configure,
    run=run,
    notes=NOTES,
)
