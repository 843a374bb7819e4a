"""Tables on rungs that read: against a search that never misses, and what answers rest on."""

from advisor.numbers import points
from advisor.report.document import Block, Paragraph, Table
from advisor.report.shares import diagnosed, figure, span
from advisor.report.sources import Sources


def ceiling(sources: Sources) -> list[Block]:
    """Each rung that reads beside the same reader with the right passage handed over."""
    found = [(title, one.handed) for title, one in diagnosed(sources) if one.handed is not None]
    if not found:
        return []
    rows = tuple(
        (title, f"{one.given.n:,}", figure(one.own), figure(one.given),
         f"{points(one.gain.mean)} ({span(one.gain)})", figure(one.given_missed),
         figure(one.contradicted))
        for title, one in found
    )  # fmt: skip
    head = ("Rung", "Questions", "As found", "Passage handed over", "Difference, points",
            "Where search had missed it", "Right without, now not")  # fmt: skip
    text = (
        "Measured with the same model, prompt and number of passages: the right passage stands "
        "next to the question, the other places are filled with what search finds. Nobody can "
        "build that; it says what a better search could bring at most. The last column is of the "
        "questions which the same model gets right without any passage."
    )
    by_document = max(one.by_document for _, one in found)
    if by_document:
        text += (
            f" Of {by_document:,} only the right document is known: its closest passages were "
            "handed over, which may not be the right ones."
        )
    return [Table("If search never missed", head, rows), Paragraph(text)]


def citing(sources: Sources) -> list[Block]:
    """What answers rest on, and the sources they name."""
    found = [(t, o.citations) for t, o in diagnosed(sources) if o.citations is not None]
    if not any(one.unsupported.n for _, one in found):
        return []
    rows = tuple(
        (title, figure(one.unsupported), figure(one.right), figure(one.cited), figure(one.named),
         figure(one.stray))
        for title, one in found
    )  # fmt: skip
    head = ("Rung", "Rest on none", "Cited passages that are right", "Right passages cited",
            "Name a source", "Of these, one not shown")  # fmt: skip
    text = (
        "An answer rests on a passage where half of its telling words, or more, stand in it; "
        "“I do not know” needs none. Right is a passage that holds the answer. A source is what an "
        "answer names in square brackets."
    )
    return [Table("What answers rest on", head, rows), Paragraph(text)]
