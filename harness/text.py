"""Text made comparable."""

import re
import string
import unicodedata

_ARTICLES = frozenset({"a", "an", "the"})
YES_NO = (frozenset({"yes", "evet"}), frozenset({"no", "hayır"}))
"""Words that answer a question alone, for and against."""
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}“”‘’«»–—…·•„]")
_WITHIN_NUMBER = re.compile(r"[.,:](?<=\d.)(?=\d)")
_TURKISH = str.maketrans({"I": "ı", "İ": "i"})


def fold(text: str, language: str = "") -> str:
    """Lower case that respects Turkish dotless i; compatibility forms made one."""
    text = unicodedata.normalize("NFKC", text)
    if language == "tr":
        text = text.translate(_TURKISH)
    return text.lower()


def normalise(text: str, language: str = "en") -> str:
    """SQuAD's normalisation: lower case, no punctuation, no English articles, single spaces.

    Punctuation becomes a space, where the original script deletes it: "seven-day" and "seven day"
    are the same answer. A mark between two digits stays, so that 4.5 is not 45. What is nothing
    but articles or punctuation ("A", "?") stays too, or it would equal an empty answer.
    """
    text = fold(text, language)
    text = _WITHIN_NUMBER.sub("\ue000", text)
    words = _PUNCTUATION.sub(" ", text).replace("\ue000", ".").split() or text.split()
    if language in ("", "en"):
        words = [word for word in words if word not in _ARTICLES] or words
    return " ".join(words)


def tokens(text: str, language: str = "en") -> list[str]:
    """Normalised words."""
    return normalise(text, language).split()


def holds(text: str, part: str, language: str = "en") -> bool:
    """True when `part` stands in `text` as whole words, both normalised."""
    return f" {normalise(part, language)} " in f" {normalise(text, language)} "
