"""The part of a report that says what training left in a model."""

from advisor.report.cost_section import table_of
from advisor.report.document import Block, Bullets, Paragraph, Section, Terms
from advisor.tested_words import cases, figures, meanings, secrets, sentences
from harness.probes import probe_type
from harness.trained import TrainedResult


def tested_section(result: TrainedResult) -> Section:
    """What it comes to, the figures, what they count, and items one by one."""
    probe, shown, planted = probe_type(result.probe), cases(result), secrets(result)
    blocks: list[Block] = [
        Paragraph(probe.what),
        Bullets(tuple(sentences(result))),
        table_of(figures(result)),
        *([table_of(planted)] if planted else []),
        Terms(meanings(result)),
        Paragraph("What the verdict goes by:"),
        Bullets(result.facts),
        table_of(shown) if shown else Paragraph("No single item stands out."),
    ]
    return Section(f"probe_{result.probe}", probe.title, tuple(blocks))
