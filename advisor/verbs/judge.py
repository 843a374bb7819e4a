"""rungwise judge: have another model judge the answers, after saying what is sent where."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.judge_words import sending_lines
from advisor.judging import judge, would_send
from advisor.summary import judge_text
from advisor.terminal import ask, note, on_terminal, out, out_json
from advisor.terminal_progress import Requests
from advisor.verb import Verb
from advisor.verbs_shared import stoppable
from harness.errors import Problem, UserError
from harness.judge.measure import Judged, write_judged
from harness.judge.rules import who
from harness.judge.store import Pair, Sending
from harness.store import Run

ANY = "any"


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument(
        "--yes", nargs="?", const=ANY, metavar="HOST",
        help="send what is named, to this host alone where one is given; without it you are asked",
    )  # fmt: skip
    parser.add_argument(
        "--pair", metavar="A,B", help="compare these two rungs as well: which says it better"
    )
    parser.add_argument("--by", metavar="NAME", default=who(), help="who says yes")
    parser.add_argument("--json", action="store_true", help="print judge/result.json")


def run(given: Namespace) -> int:
    """Say what would be sent, ask, send, and print what was found; exit 1 when verdicts miss."""
    found = workflow.find_run(given.run)
    pair = _pair(given.pair)
    wanted = would_send(found, pair)
    for line in sending_lines(wanted):
        note(line)
    if wanted.requests:
        _agree(given, wanted)
        judged = _judge(found, wanted, given.by)
    else:
        judged = write_judged(found)
    if judged is not None:
        if given.json:
            out_json(judged)
        else:
            out(judge_text(judged))
    return 1 if judged is not None and judged.failures else 0


def _judge(found: Run, wanted: Sending, by: str) -> Judged | None:
    with stoppable(Requests(), f"go on with: rungwise judge {found.folder}") as progress:
        return judge(found, wanted, by, progress)


def _pair(given: str | None) -> Pair | None:
    if given is None:
        return None
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2:
        raise UserError(Problem("a pair is two rungs", "write --pair rag,finetune", "--pair"))
    return names[0], names[1]


def _agree(given: Namespace, wanted: Sending) -> None:
    """Go on only where somebody has said yes to this host.

    Raises:
        UserError: nobody has; nothing is sent.
    """
    if given.yes == ANY or given.yes == wanted.host:
        return
    if given.yes is not None:
        fix = f"if that is meant: rungwise judge {given.run} --yes {wanted.host}"
        raise UserError(Problem(f"{given.yes} is not the judge's host; nothing was sent", fix))
    if on_terminal() and (ask("Send it? Type yes > ") or "").casefold() == "yes":
        return
    fix = f"if that is meant: rungwise judge {given.run} --yes"
    raise UserError(Problem("nobody has said yes; nothing was sent", fix))


NOTES = (
    "The judge is the model named under [judge] endpoint in rungwise.toml, such as\n"
    "openai:https://api.openai.com/v1#NAME. It needs 30 labels of yours first: rungwise label RUN"
)

VERB = Verb(
    name="judge",
    example="rungwise judge support-desk/runs/first --yes 127.0.0.1:8000",
    configure=configure,
    run=run,
    notes=NOTES,
)
