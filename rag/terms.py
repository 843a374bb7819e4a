"""Text to the terms that lexical search compares: words and the runs of letters in them.

No language is asked for. Endings, as Turkish or Finnish pile them up, leave most runs of four
letters of a word as they are, so that "evlerimizden" and "ev kredisi" still share what they mean,
and so do German compounds and mistyped words. Measured beside stemming and plain words in
``bench/retrieval.py``; the figures are in DECISIONS.md.
"""

import re
import unicodedata

NAME = "words and runs of 4 letters, 2"
"""Written into an index; another number when the same text gives other terms."""

RUN = 4
"""Letters in a run."""

LONGEST = 64
"""Letters of a word that are looked at; what is longer is a code, and its start tells it apart."""

# Accents, Hebrew and Arabic points, the Arabic stretch: people leave them out when they type.
_POINTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]+"
)
# Letters with the vowel signs of Indic and Southeast Asian scripts, which are no letters to \w;
# a mark between two digits does not end a number.
_LETTER = r"[\w\u0900-\u0963\u0966-\u0df3\u0e00-\u0e4e\u0e80-\u0ece\u1000-\u109f\u1780-\u17d3]"
_NUMBER = r"\d+(?:[.,:]\d+)+"
_WORD = re.compile(rf"{_NUMBER}|{_LETTER}+")
# Thai, Lao, Burmese, Khmer, kana and Han put no spaces between words.
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
# Nor do they around a foreign word or a number, which end where the script changes. Signs that
# repeat or stand for a letter of theirs (\u3005 to \u3007) go with them.
_RUN_ON = rf"(?:(?={UNSPACED.pattern}){_LETTER}[\u3005-\u3007]*)+"
_MIXED = re.compile(rf"{_NUMBER}|{_RUN_ON}|(?:(?!{UNSPACED.pattern}){_LETTER})+")


def fold(text: str) -> str:
    """Lower case without accents; dotted and dotless i are one, whatever the language.

    >>> fold("IŞIK İstanbul Straße")
    'isik istanbul strasse'
    """
    bare = _POINTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare).casefold().replace("ı", "i")


def words(text: str) -> list[str]:
    """Folded words and numbers in order."""
    folded = fold(text)
    return (_MIXED if UNSPACED.search(folded) else _WORD).findall(folded)


def terms(text: str) -> list[str]:
    """What a text is found by: each word, and its runs of letters with the word's ends marked.

    Where a script has no spaces, pairs of neighbouring letters take the place of words. A word in
    another script that stands among them is a word of its own.

    >>> terms("The pods")
    ['=the', '_the', 'the_', '=pods', '_pod', 'pods', 'ods_']
    """
    return [term for word in words(text) for term in spelled(word)]


def spelled(word: str) -> list[str]:
    """The terms of one of `words`.

    >>> spelled("the")
    ['=the', '_the', 'the_']
    """
    if UNSPACED.match(word):
        return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
    marked = f"_{word[:LONGEST]}_"
    runs = [marked[at : at + RUN] for at in range(max(1, len(marked) - RUN + 1))]
    return [f"={word[:LONGEST]}", *runs]
