"""The part of a report that says how passages were found, without any reader."""

from advisor.report.document import Bullets, Section, Table
from advisor.report.sources import Sources
from advisor.searching import TITLE, searching


def search(sources: Sources) -> Section | None:
    """The ways tried, and what each finds; None where nothing was looked up."""
    found = searching(sources.experiment)
    if found is None:
        return None
    table = Table(found.caption, found.head, found.rows, words=found.words, strong=found.strong)
    return Section("search", TITLE, (table, Bullets(found.notes)))
