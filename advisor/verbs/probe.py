"""rungwise probe: test a finished run further, its documents changed or its trained models."""

import textwrap
from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import learning_verb, probing, tested_words, workflow
from advisor.money_tables import Rows
from advisor.prices import Prices
from advisor.probe_words import by_group, figures, sentences
from advisor.project import prices_of
from advisor.terminal import out, out_json, table
from advisor.terminal_progress import Progress
from advisor.update_cost import of_machine
from advisor.verb import Verb
from advisor.verbs_shared import show_failed, stoppable
from harness.learning.result import NAME, WHAT
from harness.plugins import pick
from harness.probe import DEFAULT_COUNT
from harness.probe_measuring import cells_of
from harness.probe_result import AnyResult
from harness.probes import probe_type, probes
from harness.trained import ALL, TrainedProbe, TrainedResult


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    usual = ", ".join(
        f"{one.name} {'all' if n == ALL else n} {one.unit}s"
        for one in probes().values()
        for n in (one.default if isinstance(one, TrainedProbe) else DEFAULT_COUNT,)
    )
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("probe", metavar="PROBE", help="one of those below")
    parser.add_argument(
        "--number",
        "--facts",
        dest="facts",
        type=int,
        metavar="N",
        help=f"how many to try; by default {usual}",
    )
    parser.add_argument(
        "--canaries",
        action="store_true",
        help=(
            "memorisation: train each trained rung once more on a copy of the rows with made-up "
            "secrets among them, to see from how many rows on one comes back; what comes of it is "
            "thrown away"
        ),
    )
    parser.add_argument(
        "--documents",
        type=Path,
        metavar="FOLDER",
        help="freshness: your own edited copy of the documents, instead of made-up changes",
    )
    learning_verb.configure(parser)
    parser.add_argument("--json", action="store_true", help="print probe.json")


def _notes() -> str:
    """Each probe on lines of its own."""
    known = {**{one.name: one.what for one in probes().values()}, NAME: WHAT}
    width = max(map(len, known)) + 4
    told = [
        textwrap.fill(
            what, 78, initial_indent=f"  {name:{width - 2}}", subsequent_indent=" " * width
        )
        for name, what in known.items()
    ]
    return "\n".join(["probes:", *told])


def run(given: Namespace) -> int:
    """Ask again, showing progress; exit 1 when a rung failed."""
    if given.probe == NAME:
        return learning_verb.run(given)
    _refuse(given)
    found = workflow.find_run(given.run)
    store = probing.begin(found, given.probe, given.facts, given.documents, given.canaries)
    go_on = f"go on with: rungwise probe {found.folder} {store.name}"
    with stoppable(Progress(cells_of(store)), go_on) as progress:
        result = probing.probe(store, progress)
    status = show_failed(result.failed, go_on)
    if given.json:
        out_json(result)
    else:
        prices = prices_of(found.project)
        _print(result, of_machine(workflow.finished(found), prices))
        out(f"\nprobe: {store.folder}")
        out(f"next: rungwise report {found.folder}")
    return status


def _refuse(given: Namespace) -> None:
    """Raise what stands against it: a name that is no probe's, or a learning curve's option."""
    pick({**dict.fromkeys(probes()), NAME: None}, given.probe, "probe", "probe")
    learning_verb.refuse_others(given, allowed=False)


def _print(result: AnyResult, prices: Prices) -> None:
    out(f"{probe_type(result.probe).title}. {probe_type(result.probe).what}\n")
    tables: list[Rows | None]
    if isinstance(result, TrainedResult):
        tables = [tested_words.figures(result), tested_words.secrets(result)]
    else:
        tables = [figures(result, prices)]
        tables += [by_group(result, grouping) for grouping in ("wording", "place")]
    for rows in tables:
        if rows is not None:
            out(f"{rows.caption}:\n{table(rows.head, rows.rows, rows.words)}\n")
    for text in (*sentences(result, prices), *result.facts):
        out(f"  - {text}")


VERB = Verb(
    name="probe",
    example="rungwise probe support-desk/runs/first freshness",
    configure=configure,
    run=run,
    notes=_notes(),
)
