"""The part of a report on answers that people and a judge have looked at."""

from advisor.judge_words import TITLE, lead, notes, tables
from advisor.money_tables import Rows
from advisor.report.document import Block, Bullets, Paragraph, Section, Table
from advisor.report.sources import Sources


def judge(sources: Sources) -> Section | None:
    """What they say, beside the headline and apart from the verdict; None where nobody looked."""
    found = sources.judged
    if found is None:
        return None
    titles = {name: arm.title for name, arm in sources.experiment.rungs.items()}
    titles = {name: titles.get(name, name) for name in found.rungs}
    blocks: list[Block] = [Paragraph(lead(found))]
    blocks += [_table(rows) for rows in tables(found, titles)]
    if told := notes(found):
        blocks.append(Bullets(told))
    return Section("judge", TITLE, tuple(blocks))


def _table(rows: Rows) -> Table:
    return Table(rows.caption, rows.head, rows.rows, words=rows.words)
