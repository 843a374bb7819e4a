"""Numbers and names as people read them. Pure; the one place where figures are rounded."""

import math

MINUS = "−"
QUOTED = 60
"""Characters of a name or a text of the user that a sentence holds."""


def percent(share: float | None) -> str:
    """0.714 -> '71 %'; None -> 'not known'."""
    return "not known" if share is None else f"{share * 100:.0f} %"


def dev_score(score: float | None) -> str:
    """0.3 -> '30 %', and -0.3 too: a metric of which less is better is kept turned round on dev."""
    return percent(None if score is None else abs(score))


def as_set(share: float | None) -> str:
    """0.845 -> '84.5 %': a share that was set, with all its digits; None -> 'not known'."""
    return "not known" if share is None else f"{share * 100:.6g} %"


def margin_in_points(margin: float) -> str:
    """0.03 -> '3 points'; 0.005 -> '0.5 points': a margin that was set, with all its digits."""
    number = f"{margin * 100:.6g}"
    return f"{number} point{'' if number == '1' else 's'}"


def lead(difference: float) -> str:
    """0.34 -> '34 points more than'; -0.01 -> '1 point less than'."""
    whole = round(difference * 100)
    more = "more" if whole > 0 else "less"
    return f"{count(abs(whole), 'point')} {more} than" if whole else "as much as"


def interval(low: float | None, high: float | None) -> str:
    """0.62, 0.79 -> '62–79 %'."""
    if low is None or high is None:
        return "no interval"
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def points(difference: float | None) -> str:
    """0.34 -> '+34'; -0.05 -> '−5': a difference of shares in percentage points."""
    if difference is None:
        return "not known"
    return signed(round(difference * 100))


def in_points(difference: float | None) -> str:
    """0.34 -> '+34 points'; 0.01 -> '+1 point'."""
    one = difference is not None and abs(round(difference * 100)) == 1
    return f"{points(difference)} point{'' if one else 's'}"


def short(text: str, longest: int = QUOTED) -> str:
    """A text of the user in one line; what is left out becomes '…'."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def capital(text: str) -> str:
    """A sentence's first letter as a capital; those behind it stay ('RAG' is no 'rag')."""
    return text[:1].upper() + text[1:]


def signed(number: int) -> str:
    """3 -> '+3'; -1 -> '−1'; 0 -> '0'."""
    return f"+{number}" if number > 0 else f"{MINUS}{-number}" if number < 0 else "0"


def points_range(low: float | None, high: float | None) -> str:
    """0.24, 0.44 -> '+24 to +44'."""
    return "no interval" if low is None or high is None else f"{points(low)} to {points(high)}"


def count(number: int, singular: str, plural: str = "") -> str:
    """1, 'question' -> '1 question'; 3 -> '3 questions'; thousands are separated."""
    word = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {word}"


def left_out_sentence(rows: int) -> str:
    """3 -> '3 rows without a question or an answer were left out.'."""
    verb = "was" if rows == 1 else "were"
    return f"{count(rows, 'row')} without a question or an answer {verb} left out."


def seconds(value: float | None) -> str:
    """0.4321 -> '0.43 s'; 75 -> '75 s'; 200 -> '3.3 min'; 9000 -> '2.5 h'."""
    if value is None:
        return "not timed"
    if value < 0.01:
        return "under 0.01 s"
    if value < 0.995:
        return f"{value:.2g} s"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    if value < 7200:
        return f"{value / 60:.1f} min" if value < 600 else f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def energy(joules: float | None) -> str:
    """3600 -> '1.0 Wh'; 5_400_000 -> '1.5 kWh'; None -> 'not measured'."""
    if joules is None:
        return "not measured"
    hours = joules / 3600
    if hours < 0.01:
        return "under 0.01 Wh"
    if hours < 1:
        return f"{hours:.2g} Wh"
    if hours < 1000:
        return f"{hours:.1f} Wh" if hours < 10 else f"{hours:.0f} Wh"
    return f"{hours / 1000:.1f} kWh" if hours < 1e4 else f"{hours / 1000:,.0f} kWh"


def size(n_bytes: float) -> str:
    """2_400_000_000 -> '2.4 GB'; 877_700_000 -> '878 MB': of hundreds no decimals."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            value = n_bytes / factor
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return f"{n_bytes:.0f} B"


def rounded_up(n: int) -> int:
    """A number of items to plan with: 237 -> 240, 1,234 -> 1,300. Never false precision."""
    step = 10 if n < 500 else 100 if n < 5000 else 1000
    return -(-n // step) * step


def p_value(p: float | None) -> str:
    """0.0312 -> '0.031'; 0.0003 -> '< 0.001'; None -> 'not known'."""
    if p is None:
        return "not known"
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def setting(value: object) -> str:
    """A setting in words: 0.731707 -> '0.7317'; True -> 'yes'; [1, 2] -> '1, 2'."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(setting(one) for one in value)
    return str(value)


def in_sentence(title: str) -> str:
    """A title inside a sentence: 'Retrieval' -> 'retrieval'."""
    return title[:1].lower() + title[1:]


def money(amount: float | None, currency: str = "") -> str:
    """0.00042 -> '0.00042'; 3.456 -> '3.46'; 12345.6, 'EUR' -> '12,346 EUR'."""
    if amount is None:
        return "not priced"
    if amount == 0:
        text = "0"
    elif abs(amount) < 1e-6:
        text = "under 0.000001"
    elif abs(amount) < 1:
        # two figures that count, without an exponent
        text = f"{amount:.{1 - math.floor(math.log10(abs(amount)))}f}"
    else:
        text = f"{amount:,.2f}" if abs(amount) < 1000 else f"{amount:,.0f}"
    return f"{text} {currency}".rstrip()


def about(number: float) -> str:
    """A number to plan with, two figures that count: 12,345.6 -> '12,000'; 0.3 -> '1'."""
    if number < 10:
        return str(max(1, math.ceil(number)))
    step = 10 ** (math.floor(math.log10(number)) - 1)
    return f"{math.ceil(number / step) * step:,}"
