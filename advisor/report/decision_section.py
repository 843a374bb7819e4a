"""The part of a report that says who decided what: the record, or blanks to fill in by hand."""

from advisor.decision_words import changes_sentence, record_pairs
from advisor.report.document import Blanks, Block, Paragraph, Section, Terms
from advisor.report.sources import Sources

TITLE = "Who decided"
BLANKS = Blanks(("Decision", "Decided by", "Date"))


def decision(sources: Sources) -> Section:
    """The decision in force and how often it was changed; blanks where none was recorded."""
    if not sources.decisions:
        return Section("decision", TITLE, (BLANKS,))
    blocks: list[Block] = [Terms(tuple(record_pairs(sources.decisions[-1])))]
    if told := changes_sentence(sources.decisions):
        blocks.append(Paragraph(told))
    return Section("decision", TITLE, tuple(blocks))
