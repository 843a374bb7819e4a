"""Untrusted texts at a length that can be read; what is left out is counted."""

import re

from advisor.numbers import count

LONGEST = 1000
"""Characters of an untrusted text that are shown; the rest is counted."""
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def cut(text: str) -> str:
    """A text at a length that can be read, without characters that cannot be shown."""
    shown = UNPRINTABLE.sub("�", text)
    if len(shown) <= LONGEST:
        return shown
    left = count(len(shown) - LONGEST, "more character")
    return f"{shown[:LONGEST]} … ({left})"
