"""rungwise stop: end a running check, or the training that is under way in it."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.terminal import out
from advisor.verb import Verb
from harness.errors import Problem, UserError


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument(
        "--keep-best",
        action="store_true",
        help="end only the training under way, use the best adapter so far, and go on",
    )


def run(given: Namespace) -> int:
    """Ask the process that works on the run; it answers within a second or a step."""
    found = workflow.find_run(given.run)
    if given.keep_best:
        if not workflow.use_what_it_has(found):
            raise UserError(
                Problem(
                    "no training is under way",
                    "wait until its progress says training, or stop the check without --keep-best",
                    found.name,
                )
            )
        out("The training ends after its next step; the best adapter so far is used.")
    elif workflow.cancel(found):
        again = f"rungwise check {found.project} --run {found.name}"
        out(f"The check stops; what is finished is kept. Go on with: {again}")
    else:
        raise UserError(
            Problem("nothing is running", "list the runs with: rungwise runs DIR", found.name)
        )
    return 0


VERB = Verb(
    name="stop",
    example="rungwise stop support-desk/runs/first --keep-best",
    configure=configure,
    run=run,
)
