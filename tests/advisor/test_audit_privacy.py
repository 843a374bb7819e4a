"""Personal data by its form: what is found, exactly where, and what looks like it and is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import personal as privacy
from harness.personal import PERSONAL_KINDS, find_personal


def shown(text, language="en"):
    return [(span.kind, text[span.start : span.end]) for span in find_personal(text, language)]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("email", "ada.byron+home@mail.example.co.uk", "Write to <{}>."),
        ("email", "kübra_çetin@örnek.com", "e-posta: {}, teşekkürler"),
        ("iban", "TR33 0006 1005 1978 6457 8413 26", "hesabım {} olarak güncellendi"),
        ("iban", "DE89370400440532013000", "to {} today"),
        ("iban", "gb82 west 1234 5698 7654 32", "my iban is {} thanks"),
        ("card", "4111 1111 1111 1111", "card {}, expires soon"),
        ("card", "5500-0000-0000-0004", "card {} is lost"),
        ("card", "378282246310005", "limit for {}?"),
        ("card", "9792000000000003", "kartım {} çalışmıyor"),
        ("ip", "203.0.113.195", "login from {}."),
        ("ip", "2001:db8:85a3::8a2e:370:7334", "blocked address {} again"),
        ("tckn", "10000000146", "kimlik numaram {}, abonelik"),
        ("vkn", "1234567890", "vergi numarası {}, unvanı"),
        ("ssn", "219-09-9999", "It is {}."),
        ("ssn", "219099999", "my social security number is {}"),
        ("birth_date", "4 Ekim 1987", "Doğum tarihim {}, kayıtlı"),
        ("birth_date", "1987-10-04", "born on {}"),
        ("birth_date", "04/10/1987", "{} doğumluyum"),
    ],
)
def test_each_kind_is_found_to_the_letter(kind, value, text):
    assert shown(text.format(value), "tr") == [(kind, value)]


@pytest.mark.parametrize(
    "number",
    [
        "+90 532 123 45 67",
        "0532 123 45 67",
        "05321234567",
        "(0532) 123-45-67",
        "532 123 45 67",
        "0 212 555 44 33",
        "0212 555 44 33",
        "+44 20 7946 0958",
        "+1 (415) 555-0132",
        "(415) 555-0132",
        "415-555-0132",
        "415.555.0132x204",
        "0049 30 901820",
        "+46 (0)157 548 89",
    ],
)
def test_phone_numbers_in_their_usual_forms(number):
    spans = shown(f"Call me ({number}) after nine.", "tr")
    assert [kind for kind, _ in spans] == ["phone"]
    assert spans[0][1].strip("()") in number
    assert sum(c.isdigit() for c in spans[0][1]) >= sum(c.isdigit() for c in number) - 1


def test_an_unusual_phone_number_is_found_where_the_word_for_it_stands_before():
    assert shown("Phone:\n780 6326\n") == [("phone", "780 6326")]
    assert shown("Lot size:\n780 6326\n") == []


def test_number_plates_are_found_in_turkish_and_elsewhere_only_where_announced():
    assert shown("34 ABC 123 plakalı araç", "tr") == [("plate", "34 ABC 123")]
    assert shown("aracım 06BD4567, kaza yaptı", "tr") == [("plate", "06BD4567")]
    assert shown("section 34 ABC 123 of the code") == []
    assert shown("number plate 34 ABC 123") == [("plate", "34 ABC 123")]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("tr", "Abone no 12345678901 için arıza kaydı"),  # fails the identity number's checksum
        (
            "tr",
            "Sipariş numaram 1234567890, kargo gelmedi",
        ),  # a valid tax number, not said to be one
        ("tr", "Kargo takip no 05321234567890"),
        ("tr", "Takip no 0532 123 45 67"),
        ("tr", "hesap TR33 0006 1005 1978 6457 8413 27 yanlış"),  # fails mod 97
        ("tr", "kart 4111 1111 1111 1112"),  # fails Luhn
        ("tr", "parti 1234567812345670"),  # passes Luhn, and no issuer's numbers begin so
        ("tr", "Fatura tutarı 1.524,75 TL, toplam 12 500 TL"),
        ("tr", "50 TL 1000 puan, 16 GB 512 ve 34 KG 250"),
        ("tr", "90 ABC 123"),  # there are 81 provinces
        ("tr", "07.10.2024 tarihinde 14:30:55 itibarıyla"),
        ("en", "Order 4111 1111 1111 shipped 2024-10-07 12:30:45"),
        ("en", "release 10.4.2.1, section 8.1.6.1 and 300.1.1.1"),
        ("en", "std::vector<a::b> and 12:30:45"),
        ("en", "localhost is 127.0.0.1"),
        ("en", "ISBN 978-3-16-148410-0, DOI 10.1000/182"),
        ("en", "born in 1987, founded 1990-07-28"),
        ("en", "sales of 1,234,567,890 and 0.123456789"),
        ("en", "000-12-3456, 666-12-3456 and 912-34-5678"),  # never given out
        ("en", "write @ada or a@b"),
    ],
)
def test_what_only_looks_like_personal_data_stays_quiet(language, text):
    assert shown(text, language) == []


def test_several_in_one_text_come_from_left_to_right():
    text = "Ada (ada@example.com, +44 20 7946 0958) pays from DE89 3704 0044 0532 0130 00."
    assert [kind for kind, _ in shown(text)] == ["email", "phone", "iban"]


def test_where_two_kinds_fit_the_more_certain_one_counts():
    assert shown("telefonum ya da TCKN: 10000000146", "tr") == [("tckn", "10000000146")]


@given(st.text(alphabet="0123456789 ()+-./:@abxTR\n", max_size=60), st.sampled_from(["en", "tr"]))
def test_spans_lie_in_the_text_do_not_overlap_and_have_a_known_kind(text, language):
    end = 0
    for span in find_personal(text, language):
        assert end <= span.start < span.end <= len(text)
        assert span.kind in PERSONAL_KINDS
        end = span.end


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 50_000,
        "a." * 50_000,
        "12:" * 50_000,
        "ab12 " * 20_000,
        "0532 " * 20_000,
        "+(1)" * 25_000,
    ],
)
def test_no_text_makes_the_patterns_slow(text):
    started = time.perf_counter()
    find_personal(text, "tr")
    assert time.perf_counter() - started < 5


FROM_A_NUMBER = ("_CARD", "_IPV4", "_TCKN", "_VKN", "_SSN", "_BARE_SSN", "_PHONE",
                 "_ANNOUNCED_PHONE", "_PLATE", "_DATE")  # fmt: skip
PIECES = ("0", "5", "12", "532", "5555", "1990", " ", " ", "-", ".", "/", "(", ")", "+", "x", "é",
          "_", "34 ABC 123", "march ", "ext 7", "\n")  # fmt: skip


@pytest.mark.parametrize("name", FROM_A_NUMBER)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_looking_where_numbers_begin_misses_nothing_that_looking_everywhere_finds(name, text):
    pattern = getattr(privacy, name)
    numbers = [match.start() for match in privacy._NUMBER.finditer(text)]
    everywhere = [match.span() for match in pattern.finditer(text)]
    assert [match.span() for match in privacy._matches(pattern, text, numbers)] == everywhere


def test_a_month_before_the_day_and_an_account_are_found_where_they_stand():
    text = "Born May 4, 1990; IBAN: gb29 nwbk 6016 1331 9268 19. Not Maydday 4, 1990."
    assert shown(text) == [
        ("birth_date", "May 4, 1990"),
        ("iban", "gb29 nwbk 6016 1331 9268 19"),
    ]


def test_thousands_of_numbers_in_one_text_are_found_in_a_moment():
    text = "\n".join(f"Desk {at}: +44 20 7946 {at:04}" for at in range(5000))
    started = time.process_time()
    assert len(find_personal(text)) == 5000
    assert time.process_time() - started < 5
