"""A part of a report as plain text, for a terminal: tables aligned, pictures left out."""

from advisor.numbers import short
from advisor.report.document import (
    Block,
    Bullets,
    Commands,
    Item,
    Items,
    Paragraph,
    Section,
    Table,
    Terms,
)
from advisor.terminal import table

LONGEST = 200
"""Characters of a text that stands in a line; the rest is left to the report."""


def section_text(section: Section) -> str:
    """Title, then its blocks. It can hold untrusted text, which `terminal.out` makes harmless."""
    told = (_block(block) for block in section.blocks)
    title = section.title if section.title.endswith("?") else f"{section.title}:"
    return "\n\n".join([title, *(text for text in told if text)])


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Bullets | Commands):
        return "\n".join(f"  - {line}" for line in block.lines)
    if isinstance(block, Terms):
        return "\n".join(f"  - {word}: {meaning}" for word, meaning in block.pairs)
    if isinstance(block, Table):
        rows = [[short(cell, LONGEST) for cell in row] for row in block.rows]
        return f"{block.caption}:\n{table(block.head, rows, block.words)}"
    if isinstance(block, Items):
        return "\n\n".join(_item(item) for item in block.items)
    return ""


def _item(item: Item) -> str:
    """A question with what every rung answered."""
    right = " | ".join(item.references) or item.abstention
    lines = [f"{item.number}. {item.why}", f"   question: {short(item.question, LONGEST)}"]
    lines += [f"   right: {short(right, LONGEST)}"] if right else []
    lines += [
        f"   {one.title} ({one.mark}): {short(one.text, LONGEST)}".rstrip(": ")
        for one in item.given
    ]
    return "\n".join(lines)
