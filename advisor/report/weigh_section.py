"""The part of a report that weighs the rungs by what matters: the order, and what would flip it."""

from functools import partial

from advisor import charts
from advisor.report.document import Block, Bullets, Figure, Paragraph, Section, Table
from advisor.verdict import Verdict
from advisor.weighed import Weighed
from advisor.weighing_words import (
    against_verdict,
    flip_sentences,
    judgement_lines,
    lead,
    left_out_sentences,
    likely_sentence,
    measured_sentence,
    people_sentences,
    place_rows,
    ranked_rows,
    scale_sentences,
    value_rows,
    weights_sentence,
    without_sentence,
)

TITLE = "Weighed by what matters"


def weigh_section(found: Weighed | str, verdict: Verdict) -> Section:
    """Utilities, where the order flips, and places under any weights.

    Args:
        found: the weighing, or why there is none.
        verdict: of the check, which weighs nothing but quality and effort.
    """
    if isinstance(found, str):
        return Section("weigh", TITLE, (Paragraph(f"The rungs are not weighed: {found}."),))
    weighing = found.weighing
    whose = weights_sentence(weighing, found.proposed)
    told = [lead(weighing), against_verdict(weighing, verdict)]
    if verdict.recommended == "none":  # else the rung that comes first would seem to be advised
        told.reverse()
    blocks: list[Block] = [
        Paragraph(" ".join((*told, whose))),
        _table("Points of 100 with these weights", ranked_rows(weighing), strong=0),
        Bullets(
            (
                *flip_sentences(weighing),
                without_sentence(weighing),
                measured_sentence(weighing),
                *people_sentences(weighing),
                *left_out_sentences(weighing),
            )
        ),
        Figure(partial(charts.acceptability, weighing), likely_sentence(weighing)),
        _table("How often each rung takes each place under random weights", place_rows(weighing)),
        _table("Points under each criterion", value_rows(weighing)),
        Bullets((*scale_sentences(weighing, found.grounds), *judgement_lines(weighing))),
    ]
    return Section("weigh", TITLE, tuple(blocks), folded=True)


def _table(
    caption: str, found: tuple[tuple[str, ...], list[tuple[str, ...]]], strong: int | None = None
) -> Table:
    head, rows = found
    return Table(caption, head, tuple(rows), strong=strong)
