"""From bytes to text without guessing quietly.

Order: byte order mark, UTF-16 by its zero bytes, UTF-8, the encoding that the file declares, and
last the encoding under which the letters are those of one of the languages below. Statistical
detectors take short Turkish texts for Polish (in a trial, "Ayşe Yılmaz;İzmir" in cp1254 was read
as cp1250), so the alphabets decide, and a text that fits none of them is refused.
"""

import codecs
import itertools
import re
from typing import Final, NamedTuple

from rag.reading.file import File

_MARKS: Final = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What pages declare and what they mean (WHATWG Encoding Standard, section 4.2).
_MEANT: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


class _Language(NamedTuple):
    name: str
    letters: str
    """Its letters beyond ASCII, in lower case."""
    rare: str
    """Letters that occur but do not decide; they count half."""
    encodings: tuple[str, ...]


# Between equals the first wins: Turkish before Icelandic, whose þ, ð, ý share the codes of ş, ğ, ı.
_LANGUAGES: Final = (
    _Language("Turkish", "çğıöşüâîû", "éáíóñäôàè", ("cp1254", "cp857")),
    _Language("Kurdish", "çêîşû", "âéö", ("cp1254",)),
    _Language("French", "àâæçèéêëîïôœùûü", "ñáíóöäãøÿ", ("cp1252", "cp850")),
    _Language("German", "äöüß", "éèàç", ("cp1252", "cp850")),
    _Language("Spanish", "áéíñóúü", "çèàò", ("cp1252", "cp850")),
    _Language("Portuguese", "áâãàçéêíóôõú", "üñ", ("cp1252", "cp850")),
    _Language("Catalan", "àçèéíïóòúü", "·", ("cp1252",)),
    _Language("Italian", "àèéìòù", "îç", ("cp1252", "cp850")),
    _Language("Nordic", "åäöæøé", "üáóàè", ("cp1252", "cp850")),
    _Language("Icelandic", "áæéíóöúðþý", "äåø", ("cp1252", "cp850")),
    _Language("Polish", "ąćęłńóśźż", "éöüä", ("cp1250", "iso8859_2", "cp852")),
    _Language("Czech", "áčďéěíňóřšťúůýž", "öäľ", ("cp1250", "iso8859_2", "cp852")),
    _Language("Slovak", "áäčďéíĺľňóôŕšťúýž", "öü", ("cp1250", "iso8859_2", "cp852")),
    _Language("Hungarian", "áéíóöőúüű", "ä", ("cp1250", "iso8859_2", "cp852")),
    _Language("Romanian", "ăâîşţșț", "éö", ("cp1250", "iso8859_2")),
    _Language("South Slavic", "čćđšž", "éöü", ("cp1250", "iso8859_2", "cp852")),
    _Language("Russian", "аеинорствлкмп", "бгдёжзйуфхцчшщъыьэюя", ("cp1251", "koi8_r", "cp866")),
    _Language("Ukrainian", "аеиіноврсткл", "бгґдєжзїйпмуфхцчшщьюя", ("cp1251", "koi8_u")),
    _Language("Greek", "αεηιονστρκλπυάέήίόύώ", "βγδζθμξςφχψωϊϋΐΰ", ("cp1253", "iso8859_7")),
    _Language("Hebrew", "אבהוילמנרשת", "גדזחטכסעפצקךםןףץ", ("cp1255",)),
    _Language("Arabic", "ابةتحدرسعفقكلمنهوي", "ثجخذزشصضطظغىأإآءئؤًپچژگ", ("cp1256",)),
)
_MULTIBYTE: Final = (  # letters that running text cannot do without, and their least share
    ("cp932", "[ぁ-ヿ]", 0.25),
    ("euc_jp", "[ぁ-ヿ]", 0.25),
    ("cp949", "[가-힣]", 0.7),
    ("gb18030", "[的一是不了在有人我他这中大来上个国和地到以时们为年要会可用后天客]", 0.1),
    ("big5", "[的一是不了在有人我他這中大來上個國和地到以時們為年要會可用後天客]", 0.1),
)
_PUNCTUATION: Final = frozenset("“”„‘’‚«»–—…•·°€£¥§©®™±×÷½¼¾²³ªº¿¡´¨\u00a0\u00ad№")
_NEVER_BEFORE_LETTERS: Final = frozenset("”§€™×÷±£¥½¼¾²³°")
_SEVEN_BIT: Final = r"iso-?2022|hz|utf-?7"
_LEAST_FIT: Final = 0.65
_COMMON: Final = 0.05
"""Advantage of the code pages of Windows over older ones: most files were written there."""
_FIX: Final = "save it again as UTF-8"


def decode(file: File, data: bytes | None = None, declared: str = "") -> str:
    """Text of `data` (default: the whole file); `declared` is the encoding it claims, if any.

    Raises:
        DocumentError: `encoding` when no encoding fits or letters were already lost,
            `malformed` when the bytes are not text, `too_large`.
    """
    data = file.data if data is None else data
    if len(data) > file.limits.max_member_bytes:
        raise file.error("too_large", f"its text has {len(data):,} bytes", "split it")
    text = _by_mark(file, data)
    if text is None and re.match(_SEVEN_BIT, declared, re.I):
        text = _as_declared(data, declared)  # it would pass for UTF-8
    if text is None:
        _refuse_binary(file, data)
        text = _as_utf8(file, data)
    if text is None:
        text = _as_declared(data, declared) or _by_alphabet(file, data)
    lost = text.count("\ufffd")
    if lost * 500 > len(text):
        raise file.error(
            "encoding",
            f"{lost} letters were already replaced by U+FFFD when it was saved",
            "export it again from the original with the right encoding",
        )
    return text


def _by_mark(file: File, data: bytes) -> str | None:
    """Text by its byte order mark or, without one, by the zero bytes of UTF-16."""
    name = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if not name:
        sample = data[: 4096 & ~1]
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if max(even, odd) * 5 > len(sample) > 3 and min(even, odd) * 10 < max(even, odd):
            name = "utf-16-le" if odd > even else "utf-16-be"
    if not name:
        return None
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        reason = f"it is marked as {name}, but byte {error.start + 1} does not fit"
        raise file.error("encoding", reason, _FIX) from error


def _refuse_binary(file: File, data: bytes) -> None:
    sample = data[:65536]
    controls = sum(sample.count(code) for code in range(32) if code not in b"\t\n\r\f\x1b")
    if 0 in sample or controls * 50 > len(sample):
        raise file.malformed("its content is not text")


def _as_utf8(file: File, data: bytes) -> str | None:
    """Text if it is UTF-8, None if it is something else; an error if it is damaged UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        position = error.start
    loose = data.decode("utf-8", "ignore")
    multibyte = sum(letter > "\x7f" for letter in loose)
    bad = len(data) - len(loose.encode("utf-8"))
    # In another encoding two bytes that happen to form UTF-8 are rare; here they are the rule.
    if multibyte > 4 * bad:
        line = data[:position].count(b"\n") + 1
        reason = f"it is UTF-8 with bytes that are not (first in line {line}): damaged or cut off"
        raise file.error("encoding", reason, "copy it again from the original, or " + _FIX)
    return None


def _as_declared(data: bytes, declared: str) -> str | None:
    try:
        name = codecs.lookup(declared.strip()).name if declared.strip() else ""
        if not name or name in ("utf-8", "utf-16", "utf-32"):
            return None  # UTF-8 was tried, and the others have no zero bytes or mark here
        return data.decode(_MEANT.get(name, name))
    except (LookupError, UnicodeDecodeError):
        return None  # the claim is wrong, as it often is: the letters decide


def _by_alphabet(file: File, data: bytes) -> str:
    sample = _telling_lines(data)
    fits = [
        (_fit(text, language) + _COMMON * encoding.startswith("cp125"), encoding)
        for language in _LANGUAGES
        for encoding in language.encodings
        if (text := _try(sample, encoding, whole=False))
    ]
    fits += [
        (1.0 - 2 * _clash_share(text), encoding)
        for encoding, letters, least in _MULTIBYTE
        if (text := _try(sample, encoding, whole=False)) and _share(text, letters) >= least
    ]
    # A stable sort: between equal fits the order of the tables decides.
    for fit, encoding in sorted(fits, key=lambda pair: -pair[0]):
        if fit >= _LEAST_FIT and (text := _try(data, encoding)):
            return text
    raise file.error("encoding", "no known encoding turns its bytes into words", _FIX)


def _telling_lines(data: bytes) -> bytes:
    """The first 8 KiB of lines that hold a byte beyond ASCII."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > 8192:
                break
    return b"".join(lines)[:8192]


def _try(data: bytes, encoding: str, *, whole: bool = True) -> str | None:
    """The text, or None; unless it is the whole, the last letter may be cut off."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
    except UnicodeDecodeError:
        return None


def _fit(text: str, language: _Language) -> float:
    """How well the letters beyond ASCII fit the language, 0 to 1."""
    special = [letter for letter in text if letter > "\x7f" and letter not in _PUNCTUATION]
    if not special:
        return 0.95  # only typographic marks, the same in all code pages of Windows
    small = [letter.lower()[0] for letter in special]  # "İ".lower() is an i and a dot above
    points = sum(
        1.0 if letter in language.letters else 0.5 * (letter in language.rare)
        for letter in ("ı" if letter == "i" else letter for letter in small)
    )
    # Capitals count a little less: KOI8-R read as cp1251 is Russian with small and large swapped.
    points -= 0.1 * sum(map(str.isupper, special))
    return points / len(special) - _clash_share(text)


def _clash_share(text: str) -> float:
    """Letters that cannot stand side by side in a word, by the number of letters beyond ASCII."""
    special = sum(letter > "\x7f" for letter in text)
    return sum(_clashes(a, b) for a, b in itertools.pairwise(text)) / max(1, special)


def _clashes(a: str, b: str) -> bool:
    """Whether a capital follows a small letter, a letter a sign, or one script another."""
    if (a.isascii() and b.isascii()) or not b.isalpha():
        return False
    is_mixed = a.isalpha() and (a.isascii() or b.isascii()) and max(a, b) > "\u036f"
    return is_mixed or a in _NEVER_BEFORE_LETTERS or (a.islower() and b.isupper())


def _share(text: str, letters: str) -> float:
    """Share of the letters beyond ASCII that match the pattern."""
    return len(re.findall(letters, text)) / max(1, sum(letter > "\x7f" for letter in text))
