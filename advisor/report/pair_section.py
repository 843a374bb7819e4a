"""What preference alignment changed on held-out pairs."""

from advisor.pair_words import TITLE, pair_words
from advisor.report.document import Bullets, Section, Table
from advisor.report.sources import Sources


def pairs(sources: Sources) -> Section | None:
    """The states of the model; None where no pairs were learned from."""
    found = pair_words(sources.experiment)
    if found is None:
        return None
    table = Table("How often the better answer is the likelier one", found.head, found.rows)
    return Section("pairs", TITLE, (table, Bullets(found.notes)))
