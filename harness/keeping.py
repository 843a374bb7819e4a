"""Whether an answer keeps an instruction, where a program can tell: lines, words, capitals, ends.

Lenient in what no reader would mind (a full stop behind a word), strict in what was asked for.
"""

import re
from collections.abc import Callable, Mapping

from harness.text import holds, normalise
from harness.wording import words_of

_NUMBERED = re.compile(r"\s*\d+[.)]\s*\S")
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)")


def keeps(answer: str, check: str, what: str) -> bool:
    """Whether an answer keeps an instruction.

    Args:
        answer: the model's.
        check: name of one of `CHECKS`.
        what: what it is checked for; a number, a text, or texts parted by ``|``.

    Raises:
        KeyError: there is no such check; those there are are in the message.
    """
    if check not in CHECKS:
        raise KeyError(f"{check}; there are {', '.join(CHECKS)}")
    text = answer.strip()
    return bool(text) and CHECKS[check](text, what)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _begins(text: str, what: str) -> bool:
    return f"{normalise(text)} ".startswith(f"{normalise(what)} ")


def _ends(text: str, what: str) -> bool:
    if what in ".?!":
        return text.endswith(what)
    return f" {normalise(text)}".endswith(f" {normalise(what)}")


def _is(text: str, what: str) -> bool:
    """The text itself, to the letter but for a last full stop."""
    return text == what or text.removesuffix(".") == what.removesuffix(".")


CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "is": lambda text, what: _is(text, what) or (what.islower() and _is(text.lower(), what)),
    "one_of": lambda text, what: normalise(text) in what.split("|"),
    "words": lambda text, what: len(words_of(text)) == int(what),
    "at_most": lambda text, what: len(words_of(text)) <= int(what),
    "digits": lambda text, what: text.removesuffix(".").isdigit(),
    "lines": lambda text, what: len(_lines(text)) == int(what),
    "numbered": lambda text, what: (
        [bool(_NUMBERED.match(line)) for line in _lines(text)] == [True] * int(what)
    ),
    "commas": lambda text, what: (
        len([part for part in text.split(",") if part.strip()]) == int(what)
        and len(_lines(text)) == 1
    ),
    "holds": lambda text, what: holds(text, what),
    "begins": _begins,
    "ends": _ends,
    "lower": lambda text, what: text == text.lower() and any(map(str.isalpha, text)),
    "upper": lambda text, what: text == text.upper() and any(map(str.isalpha, text)),
    "sentences": lambda text, what: len(_SENTENCE.findall(text)) == int(what),
}
"""By name: (answer without spaces around it, what) to whether it is kept."""
