"""The part of a report on answers that people and a judge have looked at."""

from advisor.judge_words import lead, notes, tables, title, titles_of
from advisor.report.cost_section import table_of
from advisor.report.document import Block, Bullets, Paragraph, Section
from harness.judge.measure import Judged


def judge(found: Judged | None) -> Section | None:
    """What they say, beside the headline and apart from the verdict; None where nobody looked."""
    if found is None:
        return None
    blocks: list[Block] = [Paragraph(lead(found))]
    blocks += [table_of(rows) for rows in tables(found, titles_of(found))]
    if told := notes(found):
        blocks.append(Bullets(told))
    return Section("judge", title(found), tuple(blocks))
