"""Personal data replaced by placeholders: the same person gets the same one everywhere."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.personal import PERSONAL_KINDS, Span, find_personal

NAME: Final = "name"
"""The kind of what the user listed; nothing else finds names."""

PLACEHOLDER: Final[Mapping[str, str]] = {
    "email": "e-mail",
    "iban": "IBAN",
    "card": "card",
    "ip": "IP address",
    "tckn": "identity number",
    "vkn": "tax number",
    "ssn": "social security number",
    "phone": "phone",
    "plate": "number plate",
    "birth_date": "date of birth",
    NAME: "name",
}
"""What stands in the brackets, before the number."""

KIND_WORDS: Final[Mapping[str, str]] = {**PERSONAL_KINDS, NAME: "name from your list"}

_MOST_ROUNDS: Final = 5
"""What is taken out can bring pieces together that look like a number, so it is looked again."""
_TELLING_DIGITS: Final = 9
"""Of a phone number: with and without country code it is the same one."""


class Pseudonyms:
    """Replaces, numbers and counts. One for all rows and documents of a project."""

    def __init__(
        self, language: str = "en", names: Iterable[str] = (), keep: Iterable[str] = ()
    ) -> None:
        """Prepare.

        Args:
            language: ISO 639-1 code, see `find_personal`.
            names: words and phrases to replace as well, whatever their case.
            keep: values that stay, such as the company's own number; ``@example.com`` keeps every
                address of that domain.
        """
        self.language = language
        self.keep = {one.casefold().strip() for one in keep if one.strip()}
        self.places: Counter[str] = Counter()
        """Kind to how many times it was replaced."""
        self.kept: set[str] = set()
        """What was met and stays."""
        self._numbers: dict[str, dict[str, int]] = {}
        listed = {form for one in names if one.strip() for form in _forms(one.strip(), language)}
        either = "|".join(re.escape(one) for one in sorted(listed, key=len, reverse=True))
        self._names = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.I) if listed else None

    @property
    def values(self) -> dict[str, int]:
        """Kind to how many different ones were met."""
        return {kind: len(numbers) for kind, numbers in self._numbers.items()}

    def text(self, text: str) -> str:
        """The text with every place replaced."""
        for _ in range(_MOST_ROUNDS):
            spans = self._spans(text)
            if not spans:
                break
            parts, end = [], 0
            for span in spans:
                parts += [text[end : span.start], self._placeholder(span, text)]
                end = span.end
            text = "".join([*parts, text[end:]])
        return text

    def value(self, value: Any) -> Any:
        """A field of a row: text, or what holds texts; names of fields stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        if isinstance(value, int) and not isinstance(value, bool):
            said = self.text(str(value))
            return value if said == str(value) else said
        return value

    def left(self, text: str) -> bool:
        """Whether anything is in a text that should not be."""
        return bool(self._spans(text))

    def _spans(self, text: str) -> list[Span]:
        found = [span for span in find_personal(text, self.language) if not self._stays(span, text)]
        if self._names is None:
            return found
        taken = {at for span in found for at in range(span.start, span.end)}
        named = (Span(*match.span(), NAME) for match in self._names.finditer(text))
        return sorted([*found, *(s for s in named if taken.isdisjoint(range(s.start, s.end)))])

    def _stays(self, span: Span, text: str) -> bool:
        said = text[span.start : span.end].casefold().strip()
        domain = f"@{said.rpartition('@')[2]}" if span.kind == "email" else ""
        if said not in self.keep and domain not in self.keep:
            return False
        self.kept.add(said)
        return True

    def _placeholder(self, span: Span, text: str) -> str:
        known = self._numbers.setdefault(span.kind, {})
        number = known.setdefault(_same(span.kind, text[span.start : span.end]), len(known) + 1)
        self.places[span.kind] += 1
        return f"[{PLACEHOLDER[span.kind]} {number}]"


def _forms(name: str, language: str) -> set[str]:
    """Spellings that only the Turkish capitals set apart: İ and ı are not what `re.I` expects."""
    if language != "tr":
        return {name}
    low = name.replace("I", "ı").replace("İ", "i").lower()
    return {name, low, low.replace("i", "İ").replace("ı", "I").upper()}


def _same(kind: str, said: str) -> str:
    """What two ways of writing one value have in common."""
    if kind == NAME:
        said = said.replace("İ", "i").replace("ı", "i")  # of one name, capitals or not
    if kind in ("email", NAME, "birth_date"):
        return re.sub(r"\s+", " ", said.casefold())
    bare = re.sub(r"[\W_]", "", said).casefold()
    return bare[-_TELLING_DIGITS:] if kind == "phone" else bare
