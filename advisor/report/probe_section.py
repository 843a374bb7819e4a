"""The parts of a report that say what probes found: one a probe that was run."""

from advisor.prices import Prices
from advisor.probe_words import by_group, changes, figures, meanings, sentences
from advisor.report.cost_section import table_of
from advisor.report.document import Block, Bullets, Paragraph, Section, Terms
from advisor.report.sources import Sources
from advisor.report.tested_section import tested_section
from advisor.update_cost import of_machine
from harness.probe_result import AnyResult
from harness.probes import probe_type
from harness.trained import TrainedResult


def probe_sections(sources: Sources) -> list[Section]:
    """A section for each finished probe; none where none was run."""
    prices = of_machine(sources.experiment, sources.prices)
    return [probe_section(result, prices) for result in sources.probes]


def probe_section(result: AnyResult, prices: Prices) -> Section:
    """What it comes to, the figures, what they count, and what was changed."""
    if isinstance(result, TrainedResult):
        return tested_section(result)
    probe = probe_type(result.probe)
    blocks: list[Block] = [
        Paragraph(probe.what),
        Bullets(tuple(sentences(result, prices))),
        table_of(figures(result, prices)),
        Terms(meanings(result)),
    ]
    for grouping in ("wording", "place"):
        if rows := by_group(result, grouping):
            blocks.append(table_of(rows))
    if result.facts:
        blocks += [Paragraph("What stands between a page and the model:"), Bullets(result.facts)]
    blocks.append(table_of(changes(result)))
    return Section(f"probe_{result.probe}", probe.title, tuple(blocks))
