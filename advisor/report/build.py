"""A finished run to a report: which parts, in which order, for whom."""

from advisor.axes import located
from advisor.recommendation import Recommendation
from advisor.report.cost_section import cost
from advisor.report.decision_section import decision
from advisor.report.document import AUDIENCES, Audience, Item, Report, Section
from advisor.report.export_section import exported, placed
from advisor.report.fails_section import fails
from advisor.report.items import items_section, telling_items
from advisor.report.judge_section import judge
from advisor.report.learning_section import more_data
from advisor.report.pair_section import pairs
from advisor.report.prior_section import expected
from advisor.report.probe_section import probe_sections
from advisor.report.protection_section import personal_data, protection
from advisor.report.record_sections import (
    data,
    fair,
    glossary,
    how_built,
    limits,
    training,
)
from advisor.report.reproduce_section import reproduce
from advisor.report.result_sections import (
    MIND,
    change,
    facts,
    manner,
    picture,
    question,
    sure,
    why,
)
from advisor.report.search_section import search
from advisor.report.sources import Sources, read_sources
from advisor.report.weigh_section import weigh_section
from advisor.weighed import Weighed, weigh_finished
from harness.errors import Problem, UserError
from harness.experiment import Experiment
from harness.store import Run


def build(
    run: Run,
    experiment: Experiment,
    prior: Recommendation | None,
    audience: Audience = "technical",
) -> Report:
    """The report of a finished run, from its stored files alone.

    Args:
        run: finished.
        experiment: its experiment.json.
        prior: what the answers advised when the check ran; None without answers.
        audience: executive fits two printed pages; technical holds everything.

    Raises:
        UserError: no such audience, or a stored file is missing or damaged.
    """
    if audience not in AUDIENCES:
        raise UserError(
            Problem(
                f"there is no audience {audience!r}",
                f"choose one of {', '.join(AUDIENCES)}",
                "audience",
            )
        )
    sources = read_sources(run, experiment, prior)
    items = telling_items(sources)
    weighed = _weighed(sources)
    parts = _executive(sources) if audience == "executive" else _technical(sources, items, weighed)
    return Report(
        audience=audience,
        project=experiment.task.name,
        note=sources.note,
        run=experiment.run,
        date=experiment.created,
        headline=sources.verdict.headline,
        sentence=sources.verdict.sentence,
        mind=sources.verdict.cautions[:MIND],
        picture=picture(sources),
        facts=facts(sources),
        sections=tuple(part for part in parts if part is not None),
        experiment=experiment,
        prior=prior,
        items=items,
        decisions=sources.decided.versions,
        fired=sources.decided.fired,
        probes=sources.probes,
        exports=placed(sources),
        curve=sources.curve,
        judged=sources.judged,
        weighed=None if isinstance(weighed, str) else weighed,
        axes=located(experiment),
    )


def _weighed(sources: Sources) -> Weighed | str:
    """The weighing, or why there is none: a report is made all the same."""
    try:
        return weigh_finished(sources.run, sources.experiment, sources.prior)
    except UserError as error:
        return str(error)


def _executive(sources: Sources) -> list[Section | None]:
    return [
        question(sources),
        why(sources, full=False),
        cost(sources, full=False),
        sure(sources, full=False),
        limits(sources),
        change(sources, full=False),
        personal_data(sources),
        decision(sources),
    ]


def _technical(
    sources: Sources, items: tuple[Item, ...], weighed: Weighed | str
) -> list[Section | None]:
    return [
        question(sources),
        why(sources, full=True),
        manner(sources),
        pairs(sources),
        judge(sources.judged),
        sure(sources, full=True),
        expected(sources),
        change(sources, full=True),
        fails(sources),
        search(sources),
        items_section(sources, items) if items else None,
        *probe_sections(sources),
        more_data(sources.curve),
        data(sources),
        how_built(sources),
        training(sources),
        cost(sources, full=True),
        weigh_section(weighed, sources.verdict),
        fair(sources),
        protection(sources),
        limits(sources),
        decision(sources) if sources.decided.versions else None,
        exported(sources),
        reproduce(sources),
        glossary(),
    ]
