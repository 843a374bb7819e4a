"""Plain text, Markdown, CSV and JSON, in whatever encoding they arrive."""

from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_documents
from rag.loaders.plain_text import headings_marked
from rag.types import Document, Limits

TURKISH = "Müşteri;Şehir\nAyşe Yılmaz;İzmir\nÇağrı Gündoğdu;Iğdır\n"


def load(folder: Path, name: str, content: bytes | str) -> Document:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (document,) = load_documents(path)
    return document


def refusal(folder: Path, name: str, content: bytes | str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        load(folder, name, content)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "utf-32", "cp1254", "iso8859_9", "cp857"])  # fmt: skip
def test_turkish_is_read_in_every_encoding_it_comes_in(tmp_path: Path, encoding: str) -> None:
    document = load(tmp_path, "a.csv", TURKISH.encode(encoding))
    assert document.text == (
        "| Müşteri | Şehir |\n| Ayşe Yılmaz | İzmir |\n| Çağrı Gündoğdu | Iğdır |"
    )


@pytest.mark.parametrize(("encoding", "text"), [
    ("cp1252", "L’été dernier, la crème brûlée coûtait 5 € – trop cher, déjà."),
    ("cp1252", "Die Größe der Straße ist für Fußgänger natürlich schön."),
    ("cp1252", "El niño comió piña por la mañana en España. ¿Qué tal?"),
    ("cp1252", "A transação não foi concluída; verifique o cartão de crédito."),
    ("cp1252", "Það er gott að búa á Íslandi, þar sem veðrið er breytilegt. Þetta er sagan."),
    ("cp1252", "Räksmörgås på en ö i Ångermanland."),
    ("cp1252", "The customer’s “return” – within 14 days – costs €5…"),
    ("cp1254", "Café Noël'de şekerli çay içtik, garson ağır ağır geldi."),
    ("cp1254", "İADE KOŞULLARI: ÜRÜNLER ON DÖRT GÜN İÇİNDE DEĞİŞTİRİLİR."),
    ("cp1250", "Zażółć gęślą jaźń. Proszę państwa, to przykład."),
    ("iso8859_2", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    ("iso8859_2", "Árvíztűrő tükörfúrógép, a termék visszaküldhető."),
    ("cp1251", "Съешь же ещё этих мягких французских булок."),
    ("koi8_r", "Съешь же ещё этих мягких французских булок."),
    ("cp1253", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία των ανθρώπων."),
    ("cp1255", "הלקוח רשאי להחזיר את המוצר תוך ארבעה עשר יום"),
    ("cp1256", "يمكن للعميل إرجاع المنتج خلال أربعة عشر يوما"),
    ("cp932", "日本語のテキストです。これは判定を試すための文章です。"),
    ("gb18030", "这是一个用于测试的中文文本。客户可以在十四天内退货。"),
    ("cp949", "고객님께서는 상품 수령 후 반품하실 수 있습니다."),
])  # fmt: skip
def test_an_undeclared_encoding_is_found_by_its_letters(
    tmp_path: Path, encoding: str, text: str
) -> None:
    assert load(tmp_path, "a.txt", text.encode(encoding)).text == text


def test_one_foreign_line_deep_in_a_long_file_decides(tmp_path: Path) -> None:
    text = "plain line\n" * 50_000 + "Iğdır'a şikâyet"
    assert load(tmp_path, "a.txt", text.encode("cp1254")).text == text


@pytest.mark.parametrize(("content", "reason"), [
    ("Müşteri hizmetleri: şikâyetinizi bildirin. Ağır".encode()[:-1] + b"\xc4", "cut off"),
    ("Çağrı merkezi şubesi\n".encode() * 5 + "İade\n".encode("cp1254"), "line 6"),
    ("Kullan\ufffdc\ufffd s\ufffdzle\ufffdmesi".encode(), "already replaced"),
    ("ab".encode("utf-16") + b"\x00", "marked as utf-16"),
    (bytes(range(0x80, 0x100)) * 3, "no known encoding"),
])  # fmt: skip
def test_text_that_lost_letters_is_refused_and_not_guessed(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    error = refusal(tmp_path, "a.txt", content)
    assert error.code == "encoding"
    assert reason in error.reason


def test_a_picture_under_the_name_of_a_text_is_refused(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"
    assert refusal(tmp_path, "a.txt", png).reason == "its content is not text"


def test_text_is_brought_into_one_form(tmp_path: Path) -> None:
    decomposed = (
        "Dog\u0306a\u00a0ve ﬁnans\u200b kre\u00addi\r\n\r\n\r\n\r\nson\u2028satır   \rbitti\n"
    )
    assert load(tmp_path, "a.txt", decomposed).text == "Doğa ve finans kredi\n\nson\nsatır\nbitti"


@pytest.mark.parametrize(("content", "title"), [
    ("---\ntitle: 'İade Kılavuzu'\n---\n# Giriş\n", "İade Kılavuzu"),
    ("```\n# not a heading\n```\n## The *first* `one` ##\n", "The first one"),
    ("Underlined\n==========\ntext", "Underlined"),
    ("text only", "a"),
    ("---\n# After a rule\n---\n", "After a rule"),
])  # fmt: skip
def test_markdown_gives_its_own_title(tmp_path: Path, content: str, title: str) -> None:
    assert load(tmp_path, "a.md", content).title == title


@pytest.mark.parametrize(("line", "read"), [
    ("== Uses ==", "## Uses"),
    (" = = Uses of tea = = ", "## Uses of tea"),
    ("=Tea=", "# Tea"),
    ("=== A3 ===", "### A3"),
    ("== Uses =", "== Uses ="),
    ("==== Front", "==== Front"),
    ("x = 3", "x = 3"),
    ("== a = b ==", "== a = b =="),
    ("=====  =====", "=====  ====="),
    ("== - ==", "== - =="),
    ("======= session =======", "======= session ======="),
    ("```\n== code ==\n```", "```\n== code ==\n```"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_headings_of_wiki_pages_are_read_and_nothing_else(tmp_path, name, line, read) -> None:
    text = load(tmp_path, name, f"Before.\n\n{line}\n\nTea is drunk.").text
    assert text == f"Before.\n\n{read}\n\nTea is drunk."


def test_marking_headings_moves_nothing_and_is_quick_on_hostile_lines() -> None:
    text = "= Tea =\nIt is drunk.\n = = Uses = = \n```\n= x =\n```\n= = " + "= " * 20_000
    assert len(headings_marked(text)) == len(text)
    assert headings_marked(text).index("It is") == text.index("It is")
    assert headings_marked("= " + "a " * 50_000) == "= " + "a " * 50_000
    gap = " " * 50_000
    for line in (f"= {gap}a{gap}b", f"= a{gap}.", f"={gap}.", f"= a{gap}= ="):
        assert headings_marked(line) == line


def test_markdown_is_kept_but_for_its_front_matter(tmp_path: Path) -> None:
    body = "# H\n\n- a\n  - b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```sh\n# comment\n```"
    assert load(tmp_path, "a.md", f"---\ntitle: T\ntags: [a]\n---\n{body}\n").text == body
    assert load(tmp_path, "b.txt", body).text == body


@pytest.mark.parametrize(("name", "content", "text"), [
    ("a.csv", "Ürün;Fiyat\nKalem;1,5\nDefter;12,75\n",
     "| Ürün | Fiyat |\n| Kalem | 1,5 |\n| Defter | 12,75 |"),
    ("a.csv", "sep=;\r\na;b\r\n1,2;3,4\r\n", "| a | b |\n| 1,2 | 3,4 |"),
    ("a.tsv", "a\tb\n1, 2\t3\n", "| a | b |\n| 1, 2 | 3 |"),
    ("a.csv", "x|y\n1|2\n", "| x | y |\n| 1 | 2 |"),
    ("a.csv", 'q,a\n"two\nlines, quoted ""so""",yes\n',
     '| q | a |\n| two lines, quoted "so" | yes |'),
    ("a.csv", "name,,note\nAda,kept,x\n", "| name |  | note |\n| Ada | kept | x |"),
    ("a.csv", "a,b\n1\n1,2,3\n", "| a | b |  |\n| 1 |  |  |\n| 1 | 2 | 3 |"),
    ("a.csv", "word\none\ntwo\n", "| word |\n| one |\n| two |"),
    ("a.csv", "a,b,\n\n,,\n1,x|y,\n", "| a | b |\n| 1 | x\\|y |"),
    ("a.xls", "Ad\tSoyad\nAda\tKaya\n", "| Ad | Soyad |\n| Ada | Kaya |"),
])  # fmt: skip
def test_tables_in_text_form(tmp_path: Path, name: str, content: str, text: str) -> None:
    assert load(tmp_path, name, content).text == text


def test_a_cell_longer_than_the_reader_of_the_standard_library_takes(tmp_path: Path) -> None:
    cell = "long " * 40_000
    assert load(tmp_path, "a.csv", f'a,b\n"{cell}",2\n').text.count("long") == 40_000


@pytest.mark.parametrize(("name", "content", "text"), [
    ("a.json", '{"ad": "Ada", "adres": {"il": "Ankara"}, "etiket": ["a", 1, true], "x": null}',
     "ad: Ada\nadres.il: Ankara\netiket: a, 1, true"),
    ("a.json", '[{"soru": "Ne?", "yanıt": "Bu."}, {"soru": "Kim?", "yanıt": "O."}]',
     "soru: Ne?\nyanıt: Bu.\n\nsoru: Kim?\nyanıt: O."),
    ("a.json", '{"items": [{"n": 1}, {"n": 2}]}', "items 1.n: 1\nitems 2.n: 2"),
    ("a.jsonl", '{"a": 1}\n\n{"a": 2}\n', "a: 1\n\na: 2"),
    ("a.json", '{"a": 1}\n{"a": 2}\n', "a: 1\n\na: 2"),
    ("a.json", '"just a sentence"', "just a sentence"),
    ("a.jsonl", '{"t": "line\\u2028separator"}\n', "t: line\nseparator"),
])  # fmt: skip
def test_json_becomes_readable_lines(tmp_path: Path, name: str, content: str, text: str) -> None:
    assert load(tmp_path, name, content).text == text


@pytest.mark.parametrize(("name", "content", "code", "reason"), [
    ("a.json", '{"a": ', "malformed", "line 1 column 7"),
    ("a.jsonl", '{"a": 1}\n{"a": }\n', "malformed", "line 2 is not JSON"),
    ("a.json", "[" * 100_000, "too_large", "nested too deeply"),
    ("a.json", "9" * 5000, "malformed", "not JSON"),
    ("a.json", '{"a": "\\ud800"}', "encoding", "lone surrogates"),
    ("a.json", "[]", "empty", "no text"),
])  # fmt: skip
def test_bad_json_says_what_is_bad(
    tmp_path: Path, name: str, content: str, code: str, reason: str
) -> None:
    error = refusal(tmp_path, name, content)
    assert error.code == code
    assert reason in error.reason


def test_a_text_too_large_to_decode_at_once_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x" * 2000, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_documents(path, limits=Limits(max_member_bytes=1000))
    assert caught.value.code == "too_large"
