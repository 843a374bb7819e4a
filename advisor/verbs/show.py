"""rungwise show: one run's tables."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from advisor import learning_words, workflow
from advisor.decision_words import standing_sentence
from advisor.effort_words import TITLE as TRIED
from advisor.examples_words import TITLE as EXAMPLES
from advisor.examples_words import about_examples
from advisor.export_words import record_sentence
from advisor.judge_words import title
from advisor.money_tables import money_of
from advisor.pair_words import TITLE as PAIRS
from advisor.probe_words import sentences
from advisor.project import prices_of
from advisor.prompt_words import TITLE as PROMPT
from advisor.prompt_words import found_prompts
from advisor.reopening import standing
from advisor.report import build
from advisor.report.plain import section_text
from advisor.searching import TITLE as SEARCH
from advisor.summary import (
    cost_text,
    differences_table,
    effort_table,
    failures,
    fair_text,
    judge_text,
    pair_table,
    search_table,
    summary,
    voice_table,
)
from advisor.terminal import out, out_json
from advisor.update_cost import of_machine
from advisor.verb import Verb
from advisor.voice import TITLE
from harness.experiment import Experiment
from harness.exporting import exports_of
from harness.judge.measure import judged_of
from harness.learning.result import TITLE as CURVE
from harness.learning.result import result_of
from harness.probe_measuring import results
from harness.probes import probe_type
from harness.store import Run

IN_FULL = ("fails", "items", "fair", "weigh")
"""Parts of the report that ``--all`` adds."""
FAILS, FAIR = "Where each rung fails", "Was it fair"


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", help="the run's folder, or its id inside the project folder")
    parser.add_argument(
        "--all",
        action="store_true",
        help="also: where each rung fails by need and by part of the questions, the ten most "
        "telling questions, whether it was fair, and the rungs weighed",
    )
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Print a finished run."""
    found = workflow.find_run(given.run)
    experiment = workflow.finished(found)
    if given.json:
        out_json(experiment)
    else:
        out(summary(experiment))
        stands = standing(found)
        if stands.versions:
            out(f"\n{standing_sentence(stands.versions[-1].rung, stands.fired)}")
        for heading, text in _parts(found, experiment):
            if text and not (given.all and heading in (FAILS, FAIR)):  # they come in full
                out(f"\n{heading}:\n{text}")
        money = money_of(experiment, prices_of(found.project))
        out(f"\nWhat it costs:\n{cost_text(money, full=False)}")
        if records := exports_of(found):
            out("\nExported:")
            for record in records:
                out(f"  {record_sentence(record)}\n    {record.folder}")
        _more(found, experiment, given)
    return 0


def _more(found: Run, experiment: Experiment, given: Namespace) -> None:
    """Parts of the report that a terminal shows on request, or how to ask for them."""
    if not given.all:
        out(f"\nanswers, parts of the questions, weights: rungwise show {given.run} --all")
        return
    report = build(found, experiment, workflow.prior_of(found))
    for section in report.sections:
        if section.key in IN_FULL:
            out(f"\n{section_text(section)}")


def _parts(found: Run, experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What else is known of a run, heading and text; empty where there is nothing."""
    yield "Differences", differences_table(experiment)
    yield TITLE, voice_table(experiment)
    yield PAIRS, pair_table(experiment)
    yield FAILS, failures(experiment) if experiment.diagnostics.rungs else ""
    yield EXAMPLES, about_examples(experiment)
    yield SEARCH, search_table(experiment)
    yield FAIR, fair_text(experiment)
    yield TRIED, effort_table(experiment)
    yield PROMPT, found_prompts(experiment)
    prices = of_machine(experiment, prices_of(found.project))
    for result in results(found):
        yield probe_type(result.probe).title, _points(sentences(result, prices))
    if curve := result_of(found):
        yield CURVE, _points(learning_words.sentences(curve))
    if judged := judged_of(found):
        yield title(judged), judge_text(judged)


def _points(texts: Sequence[str]) -> str:
    return "\n".join(f"  - {text}" for text in texts)


VERB = Verb(
    name="show",
    example="rungwise show support-desk/runs/first",
    configure=configure,
    run=run,
)
