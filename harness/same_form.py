"""A value and another one of the same form: 30 for 70, Tuesday for Friday, 08:00 for 11:00.

For changing a fact in a document so that it still reads as it did.
"""

import random
import re
from collections.abc import Callable
from typing import NamedTuple

WEEKDAYS = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays Sundays",
    "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
    "Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar",
)
MONTHS = (
    "January February March April May June July August September October November December",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
)
AMBIGUOUS = frozenset({"may", "march", "mars", "mai", "mart", "pazar"})
"""Names that are also words: taken for names only with a capital, as months beside a day."""
TRIES = 40
"""Draws before it is given up to find a value that is free."""

_UNITS = r"(?:mm|cm|km|m|mg|kg|g|ml|cl|l|kWh|kW|W|V|A|K|Hz|dB|GB|MB|kB|am|pm|min|h|s)\b"
OPENS = r"(?<!\w)(?<!\d[.,:/–-])"
"""Before a number: not in the middle of a word, of another number or of a range."""
CLOSES = r"(?![.,:/–-]\d)"
_ENDS = rf"(?:(?!\w)|(?={_UNITS})){CLOSES}"
_NUMBER = r"\d{1,3}(?:[,.\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"


def _any(lists: tuple[str, ...]) -> str:
    return "|".join(dict.fromkeys(name for names in lists for name in names.split()))


_FORMS = {
    "iso": re.compile(rf"{OPENS}\d{{4}}-\d{{2}}-\d{{2}}(?![\w-])"),
    "date": re.compile(rf"{OPENS}\d{{1,2}}([./])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})(?!\w){CLOSES}"),
    "day": re.compile(rf"{OPENS}\d{{1,2}}(?=\.? (?:de )?(?:{_any(MONTHS)})\b)", re.IGNORECASE),
    "day_after": re.compile(rf"(?<=\w )(?<!\d )\d{{1,2}}(?!\w){CLOSES}"),
    "time": re.compile(rf"{OPENS}\d{{1,2}}:\d{{2}}(?!\w){CLOSES}"),
    "clock": re.compile(rf"{OPENS}\d{{1,2}}(?= ?(?:am|pm|a\.m\.|p\.m\.)(?!\w))", re.IGNORECASE),
    "number": re.compile(rf"{OPENS}(?:{_NUMBER}){_ENDS}"),
    "weekday": re.compile(rf"(?<!\w)(?:{_any(WEEKDAYS)})(?!\w)", re.IGNORECASE),
    "month": re.compile(rf"(?<!\w)(?:{_any(MONTHS)})(?!\w)", re.IGNORECASE),
}
_BESIDE_DAY = re.compile(rf"(?:{_any(MONTHS)}) $", re.IGNORECASE)


class Value(NamedTuple):
    """A value in a text."""

    start: int
    end: int
    text: str
    form: str
    """One of iso, date, day, time, clock, number, weekday, month."""


def values_in(text: str) -> list[Value]:
    """The values in a text, from left to right; a date or a time is one."""
    found: list[Value] = []
    for form, pattern in _FORMS.items():
        for match in pattern.finditer(text):
            start, end = match.span()
            inside = any(start < one.end and one.start < end for one in found)
            if inside or not _means(form, match, text):
                continue
            name = "day" if form == "day_after" else form
            found.append(Value(start, end, match[0], name))
    days = [one for one in found if one.form == "day"]
    if days:  # the month of a date is part of it
        found = [one for one in found if one.form != "month"]
    return sorted(found)


def _means(form: str, match: re.Match[str], text: str) -> bool:
    """Whether what looks like a value is one."""
    if form == "day_after":
        return bool(_BESIDE_DAY.search(text, 0, match.start()))
    if form in ("weekday", "month") and match[0].lower() in AMBIGUOUS:
        return match[0][0].isupper()
    return True


def another(
    value: Value, text: str, rng: random.Random, taken: Callable[[str], bool]
) -> str | None:
    """Another value of the same form; None where none is free or the form leaves no choice.

    Never equal. Numbers keep their digits' count, separators and trailing zeros.

    Args:
        value: found in the text.
        text: what it stands in.
        rng: draws it.
        taken: True for a value that must not be used.
    """
    percent = re.match(r"\s?(?:%|percent|per cent)", text[value.end :])
    if value.form == "number" and (value.text in ("0", "1") or (percent and value.text == "100")):
        return None  # the words around a one are in the singular; beyond 100 % is another form
    for _ in range(TRIES):
        drawn = _draw(value, rng)
        if drawn != value.text and drawn not in ("0", "1") and not taken(drawn):
            return drawn
    return None


def _draw(value: Value, rng: random.Random) -> str:
    """One of the same form; it may be the same."""
    old = value.text
    if value.form == "iso":
        return f"{old[:8]}{rng.randint(1, 28):02}"
    if value.form == "date":  # valid whether day or month comes first
        first = re.match(r"\d+", old)
        assert first is not None  # the pattern begins with digits
        return f"{rng.randint(1, 12):0{len(first[0])}}{old[first.end() :]}"
    if value.form == "day":
        return str(rng.randint(1, 9) if len(old) == 1 else rng.randint(10, 28))
    if value.form == "clock":
        return str(rng.randint(1, 9) if len(old) == 1 else rng.randint(10, 12))
    if value.form == "time":
        hour, _, minutes = old.partition(":")
        low, high = (1, 12) if int(hour) <= 12 else (13, 23)
        if len(hour) == 1:
            high = 9
        return f"{rng.randint(low, high):0{len(hour)}}:{minutes}"
    if value.form in ("weekday", "month"):
        return _name(old, WEEKDAYS if value.form == "weekday" else MONTHS, rng)
    return _number(old, rng)


def _number(old: str, rng: random.Random) -> str:
    """Digits drawn anew where they count; a year stays in its century."""
    digits = [at for at, letter in enumerate(old) if letter.isdigit()]
    if old.isdigit() and re.fullmatch(r"(?:19|20)\d\d", old):
        digits = digits[2:]
    else:
        while len(digits) > 1 and old[digits[0]] == "0":
            digits.pop(0)
        while len(digits) > 1 and old[digits[-1]] == "0":
            digits.pop()
    new = list(old)
    for at in digits:
        edge = at in (digits[0], digits[-1])
        new[at] = rng.choice("123456789" if edge else "0123456789")
    return "".join(new)


def _name(old: str, lists: tuple[str, ...], rng: random.Random) -> str:
    """A name of the same list, written with small or capital letters like the old one."""
    for names in lists:
        known = names.split()
        if old.lower() in (name.lower() for name in known):
            new = rng.choice(known)
            if old.isupper():
                return new.upper()
            return new.capitalize() if old[0].isupper() else new.lower()
    return old
