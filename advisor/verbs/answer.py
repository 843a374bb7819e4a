"""rungwise answer: one question to every rung of a finished run."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import workflow
from advisor.numbers import seconds
from advisor.places import shown
from advisor.terminal import note, out, out_json
from advisor.verb import Verb
from harness.asking import ask_rungs
from harness.errors import JobError, Problem, UserError


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("question", nargs="?", help="what to ask; nothing is scored")
    parser.add_argument(
        "--from", dest="file", type=Path, metavar="FILE", help="a text file with the question"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Ask and print; exit 1 when a rung gave no answer."""
    found = workflow.find_run(given.run)
    workflow.finished(found)
    tried = ask_rungs(
        found, _question(given), lambda message, figures: note(f"{message.removesuffix(' …')} …")
    )
    if given.json:
        out_json(tried)
    else:
        for one in tried.given:
            out(f"{one.title} ({seconds(one.seconds)}):")
            out(f"  {(one.failure and 'no answer: ' + one.failure) or one.text or '(empty)'}")
            for line in shown(one):
                out(f"  {line}")
            out()
    return JobError.exit_code if any(one.failure for one in tried.given) else 0


def _question(given: Namespace) -> str:
    """The question as an argument, or from a file.

    Raises:
        UserError: there is none, or two, or the file cannot be read.
    """
    if (given.question is None) == (given.file is None):
        raise UserError(
            Problem("give one question", 'such as: rungwise answer RUN "How long …?"', "question")
        )
    if given.file is None:
        return str(given.question)
    try:
        text: str = given.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "name a readable text file in UTF-8"
        raise UserError(Problem("it cannot be read", fix, str(given.file))) from error
    return text


VERB = Verb(
    name="answer",
    example='rungwise answer support-desk/runs/first "How long do returns take?"',
    configure=configure,
    run=run,
)
