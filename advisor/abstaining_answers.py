"""The sentence by which the answers of a table say that nothing answers a question."""

import re
from collections import Counter
from collections.abc import Iterable

FEWEST = 2
"""Rows with the same words: a single one may be an answer like any other."""
MOST = 0.5
"""Share of the rows; what is said more often is hardly an exception."""
_PHRASES = re.compile(
    r"\b("
    r"(i|we) (do not|don't|don’t) know"
    r"|(i|we) (cannot|can't|can’t|could not|couldn't) (find|answer|say)"
    r"|(is|are) not (in|covered by|part of) (our|the|these) (documents|pages|sources)"
    r"|bilmiyorum|bilmiyoruz|bilgim yok|bulamadım|bilgi (yok|bulunmamaktadır)"
    r"|wei(ß|ss) (ich|es|das) nicht|(ich|wir) (weiß|weiss|wissen) (es|das) nicht|keine angabe"
    r"|je ne sais pas|nous ne savons pas|no lo sé|no lo sabemos|não sei|non lo so|ik weet het niet"
    r")\b",
    re.IGNORECASE,
)


def abstention_among(answers: Iterable[object]) -> str:
    """The words that several rows answer with, where they say that it is not known; else empty.

    Args:
        answers: of all rows, as they stand in the table.
    """
    texts = [text.strip() for text in answers if isinstance(text, str)]
    for text, n in Counter(texts).most_common():
        if n < FEWEST:
            break
        if n <= MOST * len(texts) and _PHRASES.search(text):
            return text
    return ""
