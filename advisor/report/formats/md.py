"""Markdown, for a wiki or a code review: the report without its pictures, their scores in a table.

GitHub's dialect (tables). Everything untrusted is text: nothing in it becomes a link, a picture,
markup or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from advisor.measured import score_of
from advisor.report.cutting import cut
from advisor.report.document import (
    Blanks,
    Block,
    Bullets,
    Commands,
    Figure,
    Item,
    Items,
    Paragraph,
    Report,
    Section,
    Table,
    Terms,
)
from advisor.report.format import Format

_SPECIAL = re.compile(r"([\\`*_\[\]#|~!])")
_BEGINS = re.compile(r"^([-+=>]|\d+[.)])(?=\s|$)")
_LIVE = re.compile(r"://|@|\bwww\.", re.IGNORECASE)
"""What a reader of Markdown turns into a link by itself; an invisible joiner prevents it."""


def render(report: Report) -> bytes:
    """The same parts in the same order as the HTML report."""
    text = "\n\n".join(part for part in _parts(report) if part)
    return f"{text}\n".encode()


def plain(text: str) -> str:
    """Text that shows letter by letter, in one line."""
    line = " ".join(cut(text).split())
    line = _SPECIAL.sub(r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;")
    line = _LIVE.sub("\\g<0>\u2060", line)
    return _BEGINS.sub(_marked, line)


def _marked(begin: re.Match[str]) -> str:
    """What would begin a list, a quotation or a heading; of a number its full stop is marked."""
    return f"{begin[0][:-1]}\\{begin[0][-1]}"


def _parts(report: Report) -> Iterator[str]:
    yield f"# {plain(report.title)}"
    yield f"Check {plain(report.run)}, {report.date[:10]}. {plain(report.note)}".rstrip()
    yield f"**{plain(report.headline)}** {plain(report.sentence)}"
    yield _list(report.mind)
    yield _table(_scores(report))
    for fact in report.facts:
        yield f"**{plain(fact.title)}:** {plain(fact.text)}"
    for section in report.sections:
        yield from _section(section)


def _scores(report: Report) -> Table:
    """What the picture shows, as a table."""
    experiment = report.experiment
    arms = {**experiment.rungs, **experiment.ceilings, **experiment.floors}
    rows = tuple((arm.title, score_of(experiment, name)) for name, arm in arms.items())
    head = ("", f"{experiment.task.metric_title} (95 % interval)")
    return Table("Scores on the same questions", head, rows)


def _section(section: Section) -> Iterator[str]:
    yield f"## {plain(section.title)}"
    for block in section.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return plain(block.text)
    if isinstance(block, Bullets):
        return _list(block.lines)
    if isinstance(block, Terms):
        return "\n".join(f"- **{plain(name)}:** {plain(text)}" for name, text in block.pairs)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return ""
    if isinstance(block, Commands):
        # indented, for a line could hold the marks that end a fenced block
        return "\n".join(f"    {' '.join(line.split())}" for line in block.lines)
    if isinstance(block, Blanks):
        return "\n".join(f"- {plain(label)}: ……………………" for label in block.labels)
    assert isinstance(block, Items)  # the last kind there is
    return "\n\n".join(_item(item) for item in block.items)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {plain(line)}" for line in lines)


def _table(table: Table) -> str:
    """Caption, then the table; figures stand at the right."""
    sides = ["---" if column < table.words else "--:" for column in range(len(table.head))]
    rows = [table.head, sides, *table.rows]
    lines = (_row(row, strong=at - 2 == table.strong, rule=at == 1) for at, row in enumerate(rows))
    caption = plain(table.caption)
    return "\n".join([f"{caption}\n" if caption.endswith(".") else f"{caption}:\n", *lines])


def _row(cells: Sequence[str], *, strong: bool, rule: bool) -> str:
    shown = [cell if rule else plain(cell) for cell in cells]
    if strong:
        shown = [f"**{cell}**" if cell else "" for cell in shown]
    return f"| {' | '.join(shown)} |"


def _item(item: Item) -> str:
    """A question, what is right, and every rung's answer."""
    right = " / ".join(item.references) or item.abstention or "nothing answers it"
    lines = [f"**{item.number}. {plain(item.why)}** {plain(item.question)}", ""]
    lines.append(f"- right: {plain(right)}")
    for one in item.given:
        where = f" (from {plain(one.passage.place)})" if one.passage else ""
        lines.append(f"- {plain(one.title)}, {plain(one.mark)}: {plain(one.text)}{where}")
    return "\n".join(lines)


FORMAT = Format("md", ".md", "text/markdown", render)
