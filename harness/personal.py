"""Personal data that has a form: patterns, and checksums where the form has one.

Names and postal addresses have no form and are not found here.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from stdnum import iban, luhn
from stdnum.tr import tckimlik, vkn


class Span(NamedTuple):
    """Where personal data stands in a text."""

    start: int
    """First character."""
    end: int
    """One past the last character."""
    kind: str
    """One of `PERSONAL_KINDS`."""


PERSONAL_KINDS: Final = {
    "email": "e-mail address",
    "iban": "bank account (IBAN)",
    "card": "payment card",
    "ip": "IP address",
    "tckn": "Turkish identity number (TCKN)",
    "vkn": "Turkish tax number (VKN)",
    "ssn": "US social security number",
    "phone": "phone number",
    "plate": "Turkish number plate",
    "birth_date": "date of birth",
}
"""What is looked for, in plain words; where two kinds fit the same characters, the first counts."""


def find_personal(text: str, language: str = "en") -> list[Span]:
    """Personal data in a text, from left to right; no two spans overlap.

    Args:
        text: any text.
        language: ISO 639-1 code; number plates are looked for in Turkish text, or where the word
            for one stands before them.
    """
    read = _Text(text, [match.start() for match in _NUMBER.finditer(text)], language)
    found: list[Span] = []
    taken: set[int] = set()
    for kind in PERSONAL_KINDS:
        for start, end in _DETECTORS[kind](read):
            if taken.isdisjoint(range(start, end)):
                found.append(Span(start, end, kind))
                taken.update(range(start, end))
    return sorted(found)


class _Text(NamedTuple):
    text: str
    numbers: list[int]
    """Where a number begins, with its plus sign or bracket: most kinds begin there, and looking
    nowhere else is many times sooner."""
    language: str


_Places = Iterator[tuple[int, int]]
_Detector = Callable[[_Text], _Places]

_NUMBER = re.compile(r"[+(\d](?<!\w[+(\d])")

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@(?:[\w-]+\.)+[^\W\d_]{2,}(?![\w@])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.I)
_CARD = re.compile(
    r"(?<!\w)(?<!\d[ ,.-])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?!\w)(?![ -]\d)"
)
_CARD_ISSUER = re.compile(
    r"4(?:.{12}|.{15}|.{18})|(?:5[1-5]|35|6011|64[4-9]|65|9792).*|3[47].{13}|3(?:0[0-5]|6|8).*"
    r"|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720).*|(?:1800|2131).{11}|(?:50|5[6-9]|6).*"
)
"""First digits and lengths of Visa, Mastercard, JCB, Discover, Troy, Amex, Diners and Maestro."""
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I)
_TCKN = re.compile(r"(?<![\w+])(?<!\d[.,-])[1-9]\d{10}(?!\w)(?![.,-]\d)")
_VKN = re.compile(r"(?<!\w)\d{10}(?!\w)")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])")
_BARE_SSN = re.compile(r"(?<!\w)(?!000|666|9)\d{3} ?(?!00)\d\d ?(?!0000)\d{4}(?!\w)")
_GAP = r"[ .\-/]?"
_PHONE = re.compile(
    r"(?<![\w+])(?<!\d[ .,\-/])(?:"
    rf"(?:\+|00)[1-9]\d{{0,2}}{_GAP}(?:\(0?\d{{0,4}}\){_GAP})?\d{{1,4}}(?:{_GAP}\d{{2,4}}){{1,4}}"
    rf"|\(0?\d{{2,4}}\){_GAP}\d{{2,4}}(?:{_GAP}\d{{2,4}}){{1,3}}"
    rf"|0[1-9]\d{{1,3}}[ .\-/]\d{{2,8}}(?:{_GAP}\d{{2,4}}){{0,3}}"
    r"|0[1-9]\d{8,9}"
    r"|[2-9]\d\d[.-]\d{3}[.-]\d{4}"
    r"|5\d\d[ .-]\d{3}[ .-]\d\d[ .-]?\d\d"
    r")(?: ?(?:x|ext\.?) ?\d{1,5})?(?![\w])(?![ .\-/]?\d{3})",
    re.I,
)
_ANNOUNCED_PHONE = re.compile(
    r"(?<![\w+])(?<!\d[ .,\-/])\+?\(?\d[\d() .-]{4,18}\d(?: ?(?:x|ext\.?) ?\d{1,5})?(?!\w)", re.I
)
_PLATE = re.compile(
    r"(?<![\w.,])(?:0[1-9]|[1-7]\d|8[01])(?P<gap>[ -]?)"
    r"(?P<letters>[A-PR-VYZ](?P=gap)\d{4,5}|[A-PR-VYZ]{2}(?P=gap)\d{3,4}|[A-PR-VYZ]{3}(?P=gap)\d{2,3})"
    r"(?![\w]|[.,]\d)"
)
_UNITS = re.compile(r"(?:TL|TRY|USD|EUR|GB|MB|KB|TB|KG|GR|KM|CM|MM|ML|LT|KW|HP|NO|AY|VE)(?![A-Z])")
_MONTHS = (
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık january february "
    "march april may june july august september october november december"
)
_MONTH = "|".join(_MONTHS.split())
_DATE = re.compile(
    r"(?<![\w./-])(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d"
    rf"|\d{{1,2}}\.? (?:{_MONTH}) (?:19|20)\d\d)(?![\w/-])",
    re.I,
)
_MONTH_FIRST = re.compile(rf"(?<![\w./-])(?:{_MONTH}) \d{{1,2}},? (?:19|20)\d\d(?![\w/-])", re.I)
_WORD_BEFORE = re.compile(r"[^\W\d_]{3,9} \Z")
_TWO_LETTERS = re.compile(r"\d(?<=[^\W\d_]{2}\d)")
_TWO_COLONS = re.compile(":[0-9A-Fa-f]{0,4}:")

_ABOUT_PHONE = re.compile(
    r"\b(?:tel|telefon\w*|telephone|phone|mobile|cep|gsm|fax|faks|whatsapp|desk|call(?:ing)?|dial|reach|answering)\b",
    re.I,
)
_ABOUT_OTHER = re.compile(
    r"sipariş|takip|abone|kargo|fatura|referans|\bseri\b|\border|tracking|invoice|reference|serial"
    r"|ticket|licen[cs]e|account|hesap",
    re.I,
)
"""What a number is that is not a phone number."""
_ABOUT_TAX = re.compile(r"\b(?:vkn|vergi|tax)", re.I)
_ABOUT_SSN = re.compile(r"\bssn\b|social security", re.I)
_ABOUT_PLATE = re.compile(r"plaka|\bplate", re.I)
_BORN_BEFORE = re.compile(r"(?:doğum|\bborn\b|birth|\bd\.?o\.?b\b)\D*\Z", re.I)
_BORN_AFTER = re.compile(r"\W{0,3}(?:doğum|birth)", re.I)


def _led_up_to(text: str, start: int, about: re.Pattern[str], length: int = 30) -> bool:
    """Whether the characters before a place say what stands there."""
    return about.search(text, max(0, start - length), start) is not None


def _matches(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """Matches that begin at one of the places, which rise; no two overlap."""
    end = 0
    for place in places:
        match = pattern.match(text, place) if place >= end else None
        if match:
            end = match.end()
            yield match


def _emails(read: _Text) -> _Places:
    if "@" in read.text:
        yield from (match.span() for match in _EMAIL.finditer(read.text))


def _ibans(read: _Text) -> _Places:
    text = read.text
    for match in _matches(_IBAN, text, (m.start() - 2 for m in _TWO_LETTERS.finditer(text))):
        start = match.start()
        # Letters that follow an account number look like a part of it, so its end is tried out.
        for end in range(match.end(), start + 14, -1):
            cut = end < len(text) and text[end].isalnum()
            if not cut and iban.is_valid(text[start:end], check_country=False):
                yield start, end
                break


def _cards(read: _Text) -> _Places:
    for match in _matches(_CARD, read.text, read.numbers):
        digits = re.sub(r"\D", "", match.group())
        if _CARD_ISSUER.fullmatch(digits) and luhn.is_valid(digits):
            yield match.span()


def _addresses(read: _Text) -> _Places:
    text = read.text
    longer = _IPV6.finditer(text) if _TWO_COLONS.search(text) else ()
    for match in (*_matches(_IPV4, text, read.numbers), *longer):
        try:
            address = ipaddress.ip_address(match.group())
        except ValueError:
            continue
        # Sections and versions are numbered 8.1.6.1, and program text is full of "a::b".
        low = address.version == 4 and max(address.packed) < 25
        short = address.version == 6 and len(re.findall(r"\w+", match.group())) < 3
        if not (low or short or address.is_loopback):
            yield match.span()


def _identities(read: _Text) -> _Places:
    for match in _matches(_TCKN, read.text, read.numbers):
        if tckimlik.is_valid(match.group()):
            yield match.span()


def _tax_numbers(read: _Text) -> _Places:
    """One number in ten passes the checksum, so that the word for it must stand before."""
    for match in _matches(_VKN, read.text, read.numbers):
        if _led_up_to(read.text, match.start(), _ABOUT_TAX) and vkn.is_valid(match.group()):
            yield match.span()


def _social_security(read: _Text) -> _Places:
    yield from (match.span() for match in _matches(_SSN, read.text, read.numbers))
    for match in _matches(_BARE_SSN, read.text, read.numbers):
        if _led_up_to(read.text, match.start(), _ABOUT_SSN):
            yield match.span()


def _phones(read: _Text) -> _Places:
    for match in _matches(_PHONE, read.text, read.numbers):
        other = _led_up_to(read.text, match.start(), _ABOUT_OTHER, 20)
        if 8 <= _digits(match.group()) <= 20 and not other:
            yield match.span()
    for match in _matches(_ANNOUNCED_PHONE, read.text, read.numbers):
        announced = _led_up_to(read.text, match.start(), _ABOUT_PHONE, 14)
        if 6 <= _digits(match.group()) <= 15 and announced:
            yield match.span()


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)


def _plates(read: _Text) -> _Places:
    for match in _matches(_PLATE, read.text, read.numbers):
        if _UNITS.match(match["letters"]):
            continue  # "50 TL 1000" and the like
        if read.language == "tr" or _led_up_to(read.text, match.start(), _ABOUT_PLATE):
            yield match.span()


def _birth_dates(read: _Text) -> _Places:
    text = read.text
    words = (_WORD_BEFORE.search(text, max(0, at - 10), at) for at in read.numbers)
    months = _matches(_MONTH_FIRST, text, (word.start() for word in words if word))
    for match in (*_matches(_DATE, text, read.numbers), *months):
        start, end = match.span()
        if _led_up_to(text, start, _BORN_BEFORE) or _BORN_AFTER.match(text, end):
            yield start, end


_DETECTORS: Final[dict[str, _Detector]] = {
    "email": _emails,
    "iban": _ibans,
    "card": _cards,
    "ip": _addresses,
    "tckn": _identities,
    "vkn": _tax_numbers,
    "ssn": _social_security,
    "phone": _phones,
    "plate": _plates,
    "birth_date": _birth_dates,
}
