"""Tokens of a text by a tokenizer that is not known: an endpoint's, or one that is not opened."""


def about(text: str) -> int:
    """Tokens that a text has, about: one for 4 letters of ASCII, one for 3 bytes beyond.

    English prose with common tokenizers, and what those made for many languages take of others.
    """
    plain, beyond = _sizes(text)
    return plain // 4 + beyond // 3


def at_most(text: str) -> int:
    """Tokens that a text hardly passes: one for 3 letters of ASCII, one for 2 bytes beyond.

    Byte-level vocabularies made for English, the worst case, take .42 to .65 a byte in Russian,
    Greek, Arabic, Hebrew, Hindi, Thai, Chinese and Japanese; newer ones, made for many languages,
    take less. Only Korean, Georgian, Amharic and Burmese take up to 1 in the former.
    """
    plain, beyond = _sizes(text)
    return plain // 3 + beyond // 2


def _sizes(text: str) -> tuple[int, int]:
    """Letters of ASCII, and bytes of all others in UTF-8."""
    plain = sum(letter.isascii() for letter in text)
    return plain, len(text.encode("utf-8", "replace")) - plain
