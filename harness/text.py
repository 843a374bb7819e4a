"""Text made comparable."""

import re
import string
import unicodedata

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "“”‘’«»–—…·•„", " "))
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
    are the same answer. A mark between two digits stays, so that 4.5 is not 45.
    """
    text = fold(text, language)
    text = re.sub(r"(?<=\d)[.,:](?=\d)", "\ue000", text)
    text = text.translate(_PUNCTUATION).replace("\ue000", ".")
    if language in ("", "en"):
        text = _ARTICLES.sub(" ", text)
    return " ".join(text.split())


def tokens(text: str, language: str = "en") -> list[str]:
    """Normalised words."""
    return normalise(text, language).split()
