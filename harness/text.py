"""Text made comparable."""

import re
import string
import unicodedata
from functools import lru_cache

from rag.chunk import UNSPACED_A_WORD
from rag.terms import UNSPACED

_ARTICLES = frozenset({"a", "an", "the"})
YES_NO = (frozenset({"yes", "evet"}), frozenset({"no", "hayır"}))
"""Words that answer a question alone, for and against."""
# Arabic has a decimal and a thousands mark of its own.
_WITHIN_NUMBER = re.compile("[.,:\u066b\u066c](?<=\\d.)(?=\\d)")
# A vowel or tone sign above or below a letter goes with it; a figure stays whole.
_UNSPACED_LETTER = re.compile(rf"(?!\d){UNSPACED.pattern}(?:(?={UNSPACED.pattern})[^\w\s])*")
_SHORT = 1_000
"""Letters of a text that is worth remembering: a question or an answer, not a document."""
_TURKISH = str.maketrans({"I": "ı", "İ": "i"})


def fold(text: str, language: str = "") -> str:
    """Lower case that respects Turkish dotless i; compatibility forms made one."""
    text = unicodedata.normalize("NFKC", text)
    if language == "tr":
        text = text.translate(_TURKISH)
    return text.lower()


class _Marks(dict[int, str]):
    """What each sign becomes: a space for punctuation of any script and ASCII's signs, or itself.

    Looked up as signs are met: all of Unicode takes a tenth of a second.
    """

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        mark = sign in string.punctuation or unicodedata.category(sign).startswith("P")
        return self.setdefault(code, " " if mark else sign)


_MARKS = _Marks()


def normalise(text: str, language: str = "en") -> str:
    """SQuAD's normalisation: lower case, no punctuation, no English articles, single spaces.

    Punctuation becomes a space, where the original script deletes it: "seven-day" and "seven day"
    are the same answer. A mark between two digits stays, so that 4.5 is not 45. What is nothing
    but articles or punctuation ("A", "?") stays too, or it would equal an empty answer.

    Where a script has no spaces between words (Chinese, Japanese, Thai and the like) each letter
    stands alone, and words of other scripts among them are words, as MLQA's script scores Chinese
    (Lewis et al. 2020, arXiv 1910.07475): a clause would be one word otherwise.

    >>> normalise("用Python 3.5编程。")
    '用 python 3.5 编 程'
    """
    return (_remembered if len(text) <= _SHORT else _normalised)(text, language)


def _normalised(text: str, language: str) -> str:
    text = _WITHIN_NUMBER.sub("\ue000", fold(text, language))
    words = _apart(text.translate(_MARKS)).replace("\ue000", ".").split() or _apart(text).split()
    if language in ("", "en"):
        words = [word for word in words if word not in _ARTICLES] or words
    return " ".join(words)


# References and the abstention are met again for every rung and seed, answers by every metric.
_remembered = lru_cache(maxsize=4096)(_normalised)


def tokens(text: str, language: str = "en") -> list[str]:
    """Normalised words; letters where a script has no spaces."""
    return normalise(text, language).split()


def words_in(normalised: str) -> int:
    """Length of a normalised text in words; two letters of a script without spaces make one."""
    parts = normalised.split()
    letters = sum(bool(UNSPACED.match(part)) for part in parts)
    return len(parts) - letters + -(-letters // UNSPACED_A_WORD)


def holds(text: str, part: str, language: str = "en") -> bool:
    """True when `part` stands in `text` as whole words, both normalised.

    Where a script has no spaces, its letters in their order are enough: what a word is there cannot
    be told without a dictionary.
    """
    return f" {normalise(part, language)} " in f" {normalise(text, language)} "


def _apart(text: str) -> str:
    """Spaces around each letter of scripts that have none between words."""
    if text.isascii() or not UNSPACED.search(text):
        return text
    return _UNSPACED_LETTER.sub(r" \g<0> ", text)
