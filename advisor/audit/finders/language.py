"""Text in another language than the task's."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, Mend, finding, out_of
from harness.language import guesser, named

_LEAST_SHARE: Final = 0.01
_START: Final = 4000
"""Characters of a document that are looked at."""


def find(material: Material) -> Iterator[Finding]:
    """Questions, and documents, that are surely in another language."""
    language, rows = material.spec.language, material.examples
    guess = guesser(language)
    if guess is None:
        yield Finding(
            "language",
            "info",
            0,
            (),
            f"The task's language, {language!r}, is not one that can be recognised: it was not "
            "checked whether the rows are in it.",
            'Write a two-letter code such as "en" or "tr" as language under [project].',
        )
        return
    name = named(language)
    other = {
        row.id: found
        for row in rows
        if (found := guess(row.question)) is not None and found != language
    }
    if len(other) > _LEAST_SHARE * len(rows):
        yield finding(
            "language",
            "warning" if len(other) > 0.1 * len(rows) else "info",
            list(other),
            f"Questions that are not in {name}: {out_of(len(other), len(rows))}, "
            f"{_mostly(other)}. A small model is weak outside the language it was made for, and "
            "words are folded and compared by the rules of the task's language.",
            f"Set language under [project] in rungwise.toml if it is not {name}; otherwise check "
            "one language at a time.",
            _mend(other, len(rows)),
        )
    starts: dict[str, str] = {}
    for document in material.documents:
        starts[document.source] = (starts.get(document.source, "") + document.text)[:_START]
    foreign = {
        source: found
        for source, text in starts.items()
        if (found := guess(text)) is not None and found != language
    }
    if foreign:
        yield finding(
            "language",
            "info",
            list(foreign),
            f"Documents that are not in {name}: {out_of(len(foreign), len(starts), 'documents')}, "
            f"{_mostly(foreign)}. Search finds little across languages, unless the embedding model "
            "is made for it.",
            f"Add the documents in {name}, or choose a multilingual embedder under [model].",
        )


def _mend(other: dict[str, str], rows: int) -> Mend | None:
    """The language of most rows in the place of the one that is set."""
    code, n = Counter(other.values()).most_common(1)[0]
    if n <= rows / 2:
        return None
    return Mend(f"Set the language to {named(code)}", (("project", "language", code),))


def _mostly(found: dict[str, str]) -> str:
    counts = Counter(found.values()).most_common(2)
    return " and ".join(f"{n:,} in {named(code)}" for code, n in counts)


FINDER = Finder(("language",), find)
