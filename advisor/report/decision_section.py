"""The part of a report that says who decided what: the record, or blanks to fill in by hand."""

from advisor.decision_words import changes_sentence, fired_sentence, record_pairs
from advisor.report.document import Blanks, Block, Paragraph, Section, Terms
from advisor.report.sources import Sources

TITLE = "Who decided"
BLANKS = Blanks(("Decision", "Decided by", "Date"))


def decision(sources: Sources) -> Section:
    """The decision in force, how often it was changed, and what reopens it; blanks without one."""
    versions, fired, unseen = sources.decided
    if not versions:
        return Section("decision", TITLE, (BLANKS,))
    blocks: list[Block] = [Terms(tuple(record_pairs(versions[-1])))]
    if told := changes_sentence(versions):
        blocks.append(Paragraph(told))
    blocks.append(Paragraph(" ".join((fired_sentence(fired), *unseen))))
    return Section("decision", TITLE, tuple(blocks))
