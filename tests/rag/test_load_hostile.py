"""Files made to do harm: they are refused, quickly, and read nothing but themselves."""

import io
import random
import struct
import time
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from rag.errors import DOCUMENT_CODES, DocumentError
from rag.load import load_documents, load_folder
from rag.types import Limits

TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
MAIN = '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="{}"/></Relationships>'
BODY = '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:body></w:document>'


def container(path: Path, parts: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def word(path: Path, body: str, **parts: bytes | str) -> Path:
    main = {"_rels/.rels": MAIN.format("word/document.xml"), "word/document.xml": body}
    return container(path, main | parts)


def refusal(path: Path, limits: Limits | None = None) -> DocumentError:
    start = time.perf_counter()
    with pytest.raises(DocumentError) as caught:
        load_documents(path, limits=limits or Limits())
    assert time.perf_counter() - start < 5
    return caught.value


def test_a_part_packed_a_thousandfold_is_not_unpacked(tmp_path: Path) -> None:
    body = BODY.format("a" * 50_000_000)
    error = refusal(word(tmp_path / "a.docx", body))
    assert error.code == "too_large"
    assert "packed suspiciously well" in error.reason


@pytest.mark.parametrize(("limits", "reason"), [
    (Limits(max_members=10), "parts"),
    (Limits(max_unpacked_bytes=100_000), "unpacks to more"),
    (Limits(max_member_bytes=1000), "is too large"),
])  # fmt: skip
def test_every_limit_of_a_container_holds(tmp_path: Path, limits: Limits, reason: str) -> None:
    noise = random.Random(0).randbytes(200_000).hex()
    parts = {f"word/media/{i}.bin": "x" for i in range(10)} | {"word/noise.xml": noise}
    path = word(tmp_path / "a.docx", BODY.format("text " * 300), **parts)
    assert load_documents(path)
    error = refusal(path, limits)
    assert (error.code, reason in error.reason) == ("too_large", True)


def test_a_container_that_lies_about_its_sizes_gives_no_more_than_it_declares(
    tmp_path: Path,
) -> None:
    path = word(tmp_path / "a.docx", BODY.format("b" * 3_000_000))
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02")  # the central entry of the last part
    struct.pack_into("<I", data, start + 24, 500)
    path.write_bytes(data)
    assert refusal(path).code == "malformed"


def test_entries_that_lead_out_of_the_container_are_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(BODY.format("secret"), encoding="utf-8")
    for target in ("../../secret.xml", f"file://{secret}", str(secret), "http://127.0.0.1:9/x"):
        path = container(tmp_path / "a.docx", {
            "[Content_Types].xml": TYPES, "word/x.xml": "<x/>", "_rels/.rels": MAIN.format(target)
        })  # fmt: skip
        assert refusal(path).code == "malformed"
    path = container(tmp_path / "a.epub", {
        "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
        "b.opf": '<p><manifest><item id="i" href="../../../etc/passwd" media-type="x/html"/>'
                 '</manifest><spine><itemref idref="i"/></spine></p>',
        "../written.txt": "x",
    })  # fmt: skip
    assert "etc/passwd' is missing" in refusal(path).reason
    assert {each.name for each in tmp_path.rglob("*")} == {"secret.xml", "a.docx", "a.epub"}
    assert not (tmp_path.parent / "written.txt").exists()


def test_a_workbook_with_entities_and_one_with_far_cells_stay_small(tmp_path: Path) -> None:
    cells = "".join(f'<row r="{i}"><c r="{c}{i}" t="str"><v>x</v></c></row>'
                    for i in range(1, 9000) for c in ("AAA" if i % 2 else "XFD",))  # fmt: skip
    bomb = '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    for sheet in (f"<s><d>{cells}</d></s>",
                  f'{bomb}<s><d><row r="1"><c t="str"><v>&b;</v></c></row></d></s>'):  # fmt: skip
        path = container(tmp_path / "a.xlsx", {
            "_rels/.rels": MAIN.format("xl/workbook.xml"),
            "xl/workbook.xml": '<w xmlns:r="r"><sheets><sheet name="S" r:id="s"/></sheets></w>',
            "xl/_rels/workbook.xml.rels":
                '<R><Relationship Id="s" Type="x/worksheet" Target="sheet.xml"/></R>',
            "xl/sheet.xml": sheet,
        })  # fmt: skip
        start = time.perf_counter()
        try:
            (document,) = load_documents(path)
        except DocumentError as error:
            assert error.code == "empty"
        else:
            assert len(document.text) < 200_000
        assert time.perf_counter() - start < 5


def test_a_page_of_spans_that_claim_millions_of_cells_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    row = "<tr>" + "<td rowspan=9999999 colspan=9999999>x" * 20
    path.write_text(f"<html><table>{row * 200}</table>", encoding="utf-8")
    start = time.perf_counter()
    (document,) = load_documents(path)
    assert time.perf_counter() - start < 5
    assert len(document.text) < 2_000_000


def test_a_page_full_of_figures_is_arranged_in_time(tmp_path: Path) -> None:
    content = "".join(f"BT /F1 4 Tf {20 + 14 * j} {780 - 6 * i} Td ({i}.{j}) Tj ET\n"
                      for i in range(120) for j in range(40))  # fmt: skip
    head = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids"
    head += b"[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]"
    head += b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Contents "
    head += f"4 0 R>>\nendobj\n4 0 obj\n<</Length {len(content)}>>\nstream\n{content}".encode()
    path = tmp_path / "a.pdf"
    path.write_bytes(head + b"endstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF")
    start = time.perf_counter()
    (document,) = load_documents(path)
    assert time.perf_counter() - start < 10
    assert len(document.text.splitlines()) == 120


@pytest.mark.parametrize(("name", "content"), [
    ("a.txt", b"<!---->" * 500 + b"text"),
    ("a.md", b"# " + b" " * 200_000 + b"text"),
    ("a.md", b"```\n" * 50_000),
    ("a.html", b"<aside>" * 3000 + b"text"),
    ("a.html", b"<!doctype html>" + b"<i hidden>x</i>" * 20_000 + b"text"),
    ("a.rtf", b"{\\rtf1 " + b"\\par{\\b" * 50_000 + b" text"),
    ("a.csv", b'"' + b'a,""' * 100_000 + b"text"),
    ("a.eml", b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\r\n\r\ntext"),
])  # fmt: skip
def test_texts_that_make_slow_readers_hang_are_read_in_time(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    start = time.perf_counter()
    (document,) = load_documents(tmp_path)
    assert time.perf_counter() - start < 5
    assert "text" in document.text or "```" in document.text


def test_short_rows_below_a_wide_one_are_not_filled_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join("x" * 3000) + "\n" + "y\n" * 200_000, encoding="utf-8")
    assert path.stat().st_size < 500_000
    error = refusal(path)
    assert (error.code, error.reason) == ("too_large", "it holds too much text")


def office_files() -> dict[str, bytes]:
    """A small file of each office format as its usual library writes it."""
    files = {}
    for name, made in (("a.docx", docx.Document()), ("a.pptx", pptx.Presentation()),
                       ("a.xlsx", openpyxl.Workbook())):  # fmt: skip
        if name == "a.docx":
            made.add_heading("Heading", 1)
            made.add_paragraph("item", style="List Number")
            made.add_table(2, 2).cell(0, 0).text = "cell"
        elif name == "a.pptx":
            made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "Title"
        else:
            made.active.append(["a", 1, 0.5])
        buffer = io.BytesIO()
        made.save(buffer)
        files[name] = buffer.getvalue()
    files["a.rtf"] = rb"{\rtf1\ansi{\fonttbl{\f0\fcharset162 A;}}\f0 \'fe\u351?{\b x}\par}"
    files["a.eml"] = b"Subject: =?utf-8?B?xZ8=?=\r\nContent-Type: text/html\r\n\r\n<p>x</p>"
    files["a.html"] = b"<html><table><tr><td rowspan=2>a<td>b<tr><td>c</table><ul><li>d"
    return files


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed, cut out or doubled, often inside of its container."""
    if data.startswith(b"PK") and chance.random() < 0.8:
        buffer = io.BytesIO()
        with (zipfile.ZipFile(io.BytesIO(data)) as source,
              zipfile.ZipFile(buffer, "w") as target):  # fmt: skip
            names = source.namelist()
            chosen = chance.choice([name for name in names if name.endswith((".xml", ".rels"))])
            for name in names:
                part = source.read(name)
                target.writestr(name, damaged(part, chance) if name == chosen else part)
        return buffer.getvalue()
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 10))):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randrange(1, 30)]
            case 2:
                changed[at:at] = chance.choice(
                    (b"<", b">", b"-1", b"999999999", b"\\", b"{", b"\0")
                )
            case _:
                changed[at:at] = changed[at : at + 50]
        changed = changed or bytearray(b"x")
    return bytes(changed)


def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(7)
    files = office_files()
    for number in range(300):
        name = chance.choice(sorted(files))
        path = tmp_path / f"{number}{name}"
        path.write_bytes(damaged(files[name], chance))
    loaded = load_folder(tmp_path)
    assert {error.code for error in loaded.problems} <= set(DOCUMENT_CODES)
    assert not any("parser broke down" in error.reason for error in loaded.problems)
    sources = {each.source for each in (*loaded.documents, *loaded.problems)}
    assert len(sources) == 300
    assert 30 < len(loaded.problems) < 270
