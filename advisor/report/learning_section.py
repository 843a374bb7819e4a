"""The part of a report that says whether more data would help."""

from functools import partial

from advisor.charts import learning
from advisor.learning_words import figures, sentences
from advisor.report.cost_section import table_of
from advisor.report.document import Bullets, Figure, Paragraph, Section
from harness.learning.result import NAME, TITLE, WHAT, CurveResult


def more_data(result: CurveResult | None) -> Section | None:
    """The answer, the curve, its figures, and what was fair; None where none was run."""
    if result is None:
        return None
    caption = (
        "Score by training rows. Bars: 95 % intervals; ticks: single trainings; dashed: estimated "
        "by the fitted curve, not measured."
    )
    return Section(
        NAME,
        TITLE,
        (
            Paragraph(WHAT),
            Bullets(tuple(sentences(result))),
            Figure(partial(learning, result), caption),
            table_of(figures(result)),
            Bullets(result.facts),
        ),
    )
