"""rungwise show: one run's tables."""

from argparse import ArgumentParser, Namespace

from advisor import workflow
from advisor.export_words import record_sentence
from advisor.judge_words import title
from advisor.money_tables import money_of
from advisor.pair_words import TITLE as PAIRS
from advisor.probe_words import sentences
from advisor.project import prices_of
from advisor.searching import TITLE as SEARCH
from advisor.summary import (
    cost_text,
    differences_table,
    failures,
    judge_text,
    pair_table,
    search_table,
    summary,
    voice_table,
)
from advisor.terminal import out, out_json
from advisor.verb import Verb
from advisor.voice import TITLE
from harness.exporting import exports_of
from harness.judge.measure import judged_of
from harness.probe_measuring import results
from harness.probes import probe_type


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Print a finished run."""
    found = workflow.find_run(given.run)
    experiment = workflow.finished(found)
    if given.json:
        out_json(experiment)
    else:
        out(summary(experiment))
        out(f"\nDifferences:\n{differences_table(experiment)}")
        if how := voice_table(experiment):
            out(f"\n{TITLE}:\n{how}")
        if preferred := pair_table(experiment):
            out(f"\n{PAIRS}:\n{preferred}")
        if experiment.diagnostics.rungs:
            out(f"\nWhere each rung fails:\n{failures(experiment)}")
        if looked_up := search_table(experiment):
            out(f"\n{SEARCH}:\n{looked_up}")
        for result in results(found):
            told = "\n".join(f"  - {text}" for text in sentences(result))
            out(f"\n{probe_type(result.probe).title}:\n{told}")
        if judged := judged_of(found):
            out(f"\n{title(judged)}:\n{judge_text(judged)}")
        money = money_of(experiment, prices_of(found.folder.parents[1]))
        out(f"\nWhat it costs:\n{cost_text(money, full=False)}")
        if records := exports_of(found):
            out("\nExported:")
            for record in records:
                out(f"  {record_sentence(record)}\n    {record.folder}")
    return 0


VERB = Verb(
    name="show",
    example="rungwise show support-desk/runs/first",
    configure=configure,
    run=run,
)
