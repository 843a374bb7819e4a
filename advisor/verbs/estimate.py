"""rungwise estimate: time and memory of every rung and method, before anything runs."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from advisor import needs, terminal
from advisor.forecast import estimate_check
from advisor.numbers import size
from advisor.project import Project, read_project
from advisor.showing_words import showing_sentence
from advisor.verb import Verb
from advisor.verbs_shared import add_check_options, check_settings
from harness.device import find_card
from harness.errors import Problem, UserError
from harness.estimate import CheckNeed
from harness.generators.endpoint import PREFIX
from harness.models import EMBEDDED, resolve
from harness.settings import CheckSettings
from tuning.sizes import ModelSizes, sizes_named

TYPICAL_ROW, TYPICAL_ANSWER, TYPICAL_RANK = 512.0, 64.0, 16
"""Tokens and rank, where the task's own cannot be counted."""


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    add_check_options(parser)
    parser.add_argument(
        "--gpu-memory", type=_gigabytes, metavar="GB", help="say which methods fit such a card"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _gigabytes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 10_000:
        raise ArgumentTypeError(f"{text!r} is no amount of memory in GB, like 24")
    return value


def run(given: Namespace) -> int:
    """Print time and memory; a model that is not here is judged by its name."""
    project = read_project(given.dir)
    settings = check_settings(project, given)
    sizes, need, said = _only_named(project.root, settings), None, ""
    if sizes is None:
        need, said = _whole_check(project, settings)
        sizes = need.sizes
    assumed = needs.assumed_on(given.gpu_memory, find_card())
    methods = _methods(sizes, need, given.gpu_memory, assumed.width)
    if given.json:
        terminal.out_json(
            {
                "check": need,
                "shows": said,
                "model": sizes._asdict(),
                "precision": assumed.precision,
                "methods": [one._asdict() for one in methods],
            }
        )
    else:
        if need is not None:
            _print_check(need, said)
        if need is None:
            terminal.out(
                f"{settings.generator} is not on this machine, so no time can be told. Memory is "
                "that of a usual model of its size."
            )
        _print_methods(settings.generator, sizes, assumed, methods, given.gpu_memory)
    return 0


def _whole_check(project: Project, settings: CheckSettings) -> tuple[CheckNeed, str]:
    """Time and memory of the check, and which difference it can show.

    Raises:
        UserError: the model is at an endpoint, or something stands against the check.
    """
    need, shows = estimate_check(project, settings=settings, say=terminal.note)
    if need is not None:
        return need, showing_sentence(shows, len(need.rungs))
    raise UserError(
        Problem(
            f"{settings.generator} runs elsewhere: its time and memory cannot be estimated",
            "name a local model with --model",
            "[model] generator",
        )
    )


def _only_named(root: Path, settings: CheckSettings) -> ModelSizes | None:
    """Sizes that a model's name tells, where the model itself is not on this machine.

    Raises:
        UserError: it is not here, and its name tells no size.
    """
    name = settings.generator
    if name.startswith(PREFIX) or name in EMBEDDED:
        return None
    try:
        resolve(name, "generator", root, revision=settings.revision)
    except UserError:
        sizes = sizes_named(name)
        if sizes is None:
            raise
        return sizes
    return None


def _methods(
    sizes: ModelSizes, need: CheckNeed | None, card_gb: float | None, width: int
) -> list[needs.MethodNeed]:
    row, answer, rank = TYPICAL_ROW, TYPICAL_ANSWER, TYPICAL_RANK
    if need is not None:
        row, answer, rank = need.longest_row, need.amounts.answer, need.rank
    return needs.method_needs(sizes, row, answer, rank, card_gb, width)


def _print_methods(
    name: str,
    sizes: ModelSizes,
    assumed: needs.Assumed,
    methods: list[needs.MethodNeed],
    card_gb: float | None,
) -> None:
    terminal.out(
        f"\nOn a GPU, {name} ({sizes.parameters / 1e6:,.0f} million weights, {assumed.precision}, "
        f"{needs.CARD_ROWS} rows at once; at the least one row, slower):"
    )
    fits = {True: "yes", False: "no", None: ""}
    head = ["method", "memory", "at the least"]
    head += [] if card_gb is None else [f"fits {card_gb:g} GB"]
    rows = [
        [one.words, size(one.memory_bytes), size(one.least_bytes), fits[one.fits]][: len(head)]
        for one in methods
    ]
    terminal.out(terminal.table(head, rows))
    terminal.out(assumed.why)
    if card_gb is not None:
        terminal.out(f"\n{needs.card_line(name, methods, card_gb)}")


def _print_check(need: CheckNeed, shows: str) -> None:
    terminal.out(needs.need_line(need))
    if shows:
        terminal.out(shows)
    rows = [[one.rung, needs.minutes(one.seconds), size(one.memory_bytes)] for one in need.rungs]
    if need.index_s:
        rows.insert(0, ["index", needs.minutes(need.index_s), ""])
    terminal.out()
    terminal.out(terminal.table(("rung", "time", "memory"), rows))
    for rung, why in need.skipped.items():
        terminal.out(f"{rung} is left out: {why}")


VERB = Verb(
    name="estimate",
    example="rungwise estimate support-desk --gpu-memory 24",
    configure=configure,
    run=run,
)
