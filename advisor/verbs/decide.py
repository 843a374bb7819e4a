"""rungwise decide: record a decision on a run, or show the record and what reopens it."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.deciding import Finished, decide, finished, weigh_run
from advisor.decision import NONE, OPEN, Triggers
from advisor.decision_words import decision_text, proposal_text
from advisor.reopening import Standing, standing
from advisor.terminal import out, out_json
from advisor.verb import Verb
from advisor.weighed import Weighed
from advisor.weighing import Weighing
from harness.errors import Problem, UserError

NEEDED = ("rung", "by", "why")
THRESHOLDS = {
    "changes_above": "reopen when the documents change more often than N times a month",
    "volume_above": "reopen above N answers a month",
    "volume_below": "reopen below N answers a month",
    "score_below": "reopen when fewer than this share of newer questions go right, such as 0.7",
    "price_moves": "reopen when the cost of an answer moves by more than N per cent",
}


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("--rung", metavar="NAME", help=f"a rung of the run, {NONE} or {OPEN}")
    parser.add_argument("--by", metavar="NAME", help="who decided")
    parser.add_argument("--why", metavar="TEXT", help="why, in their own words")
    for name, words in THRESHOLDS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, metavar="N", help=words)
    parser.add_argument("--review", metavar="DATE", help="look at it again then: 2027-05-01")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Record what was decided; without options print the record, or what could be decided."""
    of = finished(workflow.find_run(given.run))
    if any(getattr(given, name) is not None for name in (*NEEDED, *THRESHOLDS, "review")):
        _record(of, given)
    found = standing(of.run)
    if given.json:
        out_json(_as_json(of, found))
    elif found.versions:
        out(decision_text(*found))
    else:
        advised = workflow.verdict_of(of.experiment).recommended
        out(proposal_text(advised, _weighing(of), given.run))
    return 0


def _record(of: Finished, given: Namespace) -> None:
    missing = [name for name in NEEDED if getattr(given, name) is None]
    if missing:
        fix = 'a decision needs --rung NAME --by "Name" --why "…"'
        raise UserError(*(Problem(f"--{name} is missing", fix) for name in missing))
    triggers = Triggers(**{name: getattr(given, name) for name in (*THRESHOLDS, "review")})
    decide(of, given.rung, given.by, given.why, triggers, _weighing(of))


def _weighing(of: Finished) -> Weighed | None:
    """None where no rung can be weighed: it can be decided all the same."""
    try:
        return weigh_run(of)
    except UserError:
        return None


def _as_json(of: Finished, found: Standing) -> dict[str, object]:
    """The record, or what is advised where there is none."""
    weighing: Weighing | None = None
    if not found.versions and (weighed := _weighing(of)):
        weighing = weighed.weighing
    return {
        "run": of.run.name,
        "decision": found.versions[-1] if found.versions else None,
        "earlier": found.versions[:-1],
        "reopened_by": found.fired,
        "not_seen": found.unseen,
        "advised": workflow.verdict_of(of.experiment).recommended,
        "weighed_first": weighing.first.rung if weighing else None,
    }


VERB = Verb(
    name="decide",
    example='rungwise decide support-desk/runs/first --rung rag --by "A. Kaya" '
    '--why "Right often enough, and it cites." --review 2027-05-01',
    configure=configure,
    run=run,
)
