"""Text in another language than the task's."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

from advisor.audit.finding import Finder, Finding, Material, finding, out_of

LANGUAGES: Final = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "zh": "Chinese",
}
"""What texts are told apart into; with few candidates short texts can be told apart."""

_LEAST_LETTERS: Final = 20
_SURE: Final = 0.9
"""Least probability of the language, and letters of a text, that count. Of 32,685 questions in
English and Turkish 9 were taken for another language so, and 91 % for the right one."""
_LEAST_SHARE: Final = 0.01
_START: Final = 4000
"""Characters of a document that are looked at."""

Guess = Callable[[str], str | None]


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
    name = _named(language)
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


def _mostly(found: dict[str, str]) -> str:
    counts = Counter(found.values()).most_common(2)
    return " and ".join(f"{n:,} in {_named(code)}" for code, n in counts)


def _named(code: str) -> str:
    return LANGUAGES.get(code, code)


@cache
def guesser(language: str) -> Guess | None:
    """Tells the language of a text, or None where that is not sure.

    Args:
        language: of the task; it is a candidate beside `LANGUAGES`.

    Returns:
        None where the language is not known.
    """
    identifier = copy.copy(_identifier())
    if language not in identifier.labels:
        return None
    identifier.set_languages([*LANGUAGES, language])

    def guess(text: str) -> str | None:
        letters = filter(str.isalpha, text)
        if len(list(islice(letters, _LEAST_LETTERS))) < _LEAST_LETTERS:
            return None
        code, probability = identifier.classify(text)
        return str(code) if probability >= _SURE else None

    return guess


@cache
def _identifier() -> Any:
    """The model for all its languages; reading it takes the better part of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


FINDER = Finder(("language",), find)
