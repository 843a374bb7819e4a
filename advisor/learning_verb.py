"""The part of `rungwise probe` that draws a learning curve."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from advisor import learning, workflow
from advisor.learning_words import figures, sentences
from advisor.needs import minutes
from advisor.numbers import count
from advisor.terminal import note, out, out_json, table
from advisor.terminal_progress import Progress
from advisor.verbs_shared import show_failed, stoppable
from harness.errors import Problem, UserError
from harness.learning.result import NAME, TITLE, WHAT, CurveResult, plan_of
from harness.store import Run

OPTIONS = ("rung", "sizes", "seeds")
"""Of the learning curve alone."""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--rung", metavar="NAME", help=f"{NAME}: which trained rung")
    parser.add_argument(
        "--sizes",
        type=_percents,
        metavar="LIST",
        help=f"{NAME}: percents of the training rows, separated by commas; default: 25,50,100",
    )
    parser.add_argument(
        "--seeds", type=int, metavar="N", help=f"{NAME}: trainings of each size; default: 2"
    )


def _percents(text: str) -> list[float]:
    try:
        return [float(part) / 100 for part in text.split(",") if part.strip()]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no list of percents like 25,50,100") from None


def refuse_others(given: Namespace, allowed: bool) -> None:
    """Refuse options that mean nothing to the probe that was named.

    Raises:
        UserError: there is one; all of them are named.
    """
    mine, others = OPTIONS, ("facts", "documents", "canaries")
    values = {name: getattr(given, name) for name in (others if allowed else mine)}
    wrong = [name for name, value in values.items() if value is not None and value is not False]
    if wrong:
        raise UserError(
            *(Problem(f"{given.probe} has no such option", "leave it out", f"--{name}")
              for name in wrong)
        )  # fmt: skip


def run(given: Namespace) -> int:
    """Train, showing progress; exit 1 when a training failed."""
    refuse_others(given, allowed=True)
    found = workflow.find_run(given.run)
    store = learning.begin(found, given.rung or "", given.sizes or (), given.seeds)
    plan = plan_of(store)
    assert plan is not None
    left = [cell for cell in plan.cells if not store.finished(cell)]
    if left:
        _foretell(store, len(left))
    go_on = f"go on with: rungwise probe {found.folder} {NAME}"
    with stoppable(Progress(plan.cells), go_on) as progress:
        result = learning.learn(store, progress)
    status = show_failed(result.failed, go_on)
    if given.json:
        out_json(result)
    else:
        _print(result)
        out(f"\nprobe: {store.folder}")
        out(f"next: rungwise report {found.folder}")
    return status


def _foretell(store: Run, trainings: int) -> None:
    needed = learning.forecast(store, say=note)
    what = count(trainings, "training")
    if needed is not None:
        note(f"{what} will take about {minutes(needed)} on this machine.")


def _print(result: CurveResult) -> None:
    out(f"{TITLE}. {WHAT}\n")
    rows = figures(result)
    out(f"{rows.caption}:\n{table(rows.head, rows.rows, rows.words)}\n")
    for text in (*sentences(result), *result.facts):
        out(f"  - {text}")
