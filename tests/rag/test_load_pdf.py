"""PDF documents, written by hand so that every position is known."""

import re
from pathlib import Path

import pypdfium2
import pytest

from rag.errors import DocumentError, DocumentWarning
from rag.load import load_documents, load_folder
from rag.types import Limits

GLYPHS = "/gbreve /Gbreve /scedilla /Scedilla /dotlessi /Idotaccent"
LETTERS = str.maketrans("ğĞşŞıİ", "\x80\x81\x82\x83\x84\x85")
FONTS = (
    "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding "
    f"<< /BaseEncoding /WinAnsiEncoding /Differences [128 {GLYPHS}] >> >> "
    "/F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >> >>"
)


def put(x: float, y: float, text: str, size: float = 10, font: str = "F1") -> str:
    """Content that draws text at a point (in points, from the lower left)."""
    escaped = re.sub(r"([()\\])", r"\\\1", text.translate(LETTERS))
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET\n"


def lines(x: float, y: float, *texts: str, pitch: float = 12, size: float = 10) -> str:
    return "".join(put(x, y - pitch * i, text, size) for i, text in enumerate(texts))


PICTURE = "q 500 0 0 700 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q\n"


def pdf(*pages: str, title: str = "", trailer: str = "", page: str = "", catalog: str = "",
        objects: tuple[str, ...] = ()) -> bytes:  # fmt: skip
    """A PDF file whose pages have the given content; 612 by 792 points."""
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(pages)))
    parts = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        FONTS,
        f"<< /Title ({title}) >>",
    ]
    for i, content in enumerate(pages):
        parts.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources "
                     f"<< /Font 3 0 R >> /Contents {6 + 2 * i} 0 R {page} >>")  # fmt: skip
        parts.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate([*parts, *objects], 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{part}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n{table}trailer\n"
    end += f"<< /Size {len(offsets) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF".encode("latin-1")


def texts(folder: Path, *pages: str, **options: str) -> list[str]:
    (folder / "a.pdf").write_bytes(pdf(*pages, **options))
    return [document.text for document in load_documents(folder / "a.pdf")]


def refusal(folder: Path, data: bytes, name: str = "a.pdf") -> DocumentError:
    (folder / name).write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        load_documents(folder / name)
    return caught.value


PARAGRAPH = lines(
    72, 700,
    "The customer may return a product within fourteen days of delivery without hav-",
    "ing to give a reason. The refund is paid by the same means as the purchase was, in",
    "the currency of the order. Opened soft-",
)  # fmt: skip


def test_pages_paragraphs_and_broken_words(tmp_path: Path) -> None:
    second = lines(72, 640, "ware is excluded, as are well-", "known exceptions.")
    third = lines(72, 640, "Another page: the well-known rule, software and Kızılay-", "Ulus.")
    (tmp_path / "a.pdf").write_bytes(pdf(PARAGRAPH, second + lines(72, 600, "End."), third))
    documents = load_documents(tmp_path / "a.pdf")
    assert [(document.id, document.page) for document in documents] == [
        ("a.pdf#p1", 1), ("a.pdf#p2", 2), ("a.pdf#p3", 3)]  # fmt: skip
    assert documents[0].text == (
        "The customer may return a product within fourteen days of delivery without having to "
        "give a reason. The refund is paid by the same means as the purchase was, in the currency "
        "of the order. Opened soft-"
    )
    assert documents[1].text == "ware is excluded, as are well-known exceptions.\n\nEnd."
    assert documents[2].text.endswith("software and Kızılay-Ulus.")


def test_turkish_letters_come_through(tmp_path: Path) -> None:
    assert texts(tmp_path, put(72, 700, "İğne şurada, ĞÜŞ ılık çay")) == [
        "İğne şurada, ĞÜŞ ılık çay"
    ]


def test_headings_are_found_by_size_and_weight(tmp_path: Path) -> None:
    page = (
        put(72, 740, "Handbook of Returns", 20) + put(72, 700, "First Chapter", 14)
        + lines(72, 680, "Running text is set in ten points and there is more of it than",
                "of anything else in the whole document.")
        + put(72, 640, "A bold line", 10, "F2") + put(72, 620, "More running text.")
    )  # fmt: skip
    (tmp_path / "a.pdf").write_bytes(pdf(page))
    (document,) = load_documents(tmp_path / "a.pdf")
    assert document.title == "Handbook of Returns"
    assert document.text == (
        "# Handbook of Returns\n\n## First Chapter\n\nRunning text is set in ten points and there "
        "is more of it than of anything else in the whole document.\n\n### A bold line\n\n"
        "More running text."
    )


def test_the_title_of_the_properties_is_used_if_it_is_one(tmp_path: Path) -> None:
    for given, title in (("Price list", "Price list"), ("Microsoft Word - x.doc", "First line")):
        (tmp_path / "a.pdf").write_bytes(pdf(put(72, 700, "First line"), title=given))
        assert load_documents(tmp_path / "a.pdf")[0].title == title


def test_lists_are_kept(tmp_path: Path) -> None:
    page = lines(72, 700, "- first item that is long enough to reach the edge of the column and",
                 "  continues", "- second", "1. numbered", "2. also")  # fmt: skip
    assert texts(tmp_path, page) == [
        "- first item that is long enough to reach the edge of the column and continues\n"
        "- second\n1. numbered\n2. also"
    ]


LEFT = ["The left column of this page is", "read from its top to its bottom", "before the other",
        "one begins, as people do it when", "they read a paper or a magazine."]  # fmt: skip
RIGHT = ["The right column follows then,", "and no line of it is mixed with",
         "a line of the left one,", "however level they may be with",
         "each other on the printed page."]  # fmt: skip


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    heading = put(
        72, 760, "A heading across both of the columns, which is wide enough to span them"
    )
    for shift in (0, 5):  # level with each other or not
        page = heading + lines(72, 720, *LEFT) + lines(320, 720 - shift, *RIGHT)
        (text,) = texts(tmp_path, page)
        assert " ".join(text.split()).endswith(" ".join([*LEFT, *RIGHT]))


def test_columns_drawn_line_by_line_are_still_columns(tmp_path: Path) -> None:
    left, right = LEFT[:2] * 4, RIGHT[:2] * 4
    page = "".join(
        lines(72, 700 - 12 * i, a) + lines(320, 700 - 12 * i, b)
        for i, (a, b) in enumerate(zip(left, right, strict=True))
    )
    (text,) = texts(tmp_path, page)
    assert " ".join(text.split()) == " ".join([*left, *right])


ROWS = [("Product", "Price", "In stock"), ("Blue pen", "12.50", "yes"), ("Notebook", "3.00", "no"),
        ("Ruler", "", "yes")]  # fmt: skip


@pytest.mark.parametrize("order", [
    lambda cell: (-cell[1], cell[0]), lambda cell: (cell[0], -cell[1]), lambda cell: cell[:2],
], ids=["by row", "by column", "by column upwards"])  # fmt: skip
def test_tables_become_rows_however_they_were_drawn(tmp_path: Path, order) -> None:
    cells = [(72 + 120 * j, 680 - 15 * i, text) for i, row in enumerate(ROWS)
             for j, text in enumerate(row) if text]  # fmt: skip
    cells.sort(key=order)
    page = put(72, 720, "Prices of the year:") + "".join(put(*cell) for cell in cells)
    assert texts(tmp_path, page) == [
        "Prices of the year:\n\n| Product | Price | In stock |\n| Blue pen | 12.50 | yes |\n"
        "| Notebook | 3.00 | no |\n| Ruler |  | yes |"
    ]


def test_cells_of_several_lines_stay_one_cell(tmp_path: Path) -> None:
    page = "".join(
        lines(72, 700 - 40 * i, name) + lines(200, 700 - 40 * i, *text)
        for i, (name, text) in enumerate(
            (("Copy", ("copies a file to an-", "other place")), ("Move", ("moves it",)),
             ("Delete", ("removes it and asks", "whether you are sure", "before it does")))
        )
    )  # fmt: skip
    assert texts(tmp_path, page) == [
        "| Copy | copies a file to another place |\n| Move | moves it |\n"
        "| Delete | removes it and asks whether you are sure before it does |"
    ]


def test_running_headers_and_page_numbers_are_dropped_but_for_the_first(tmp_path: Path) -> None:
    body = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]
    pages = [
        put(72, 760, "Annual report 2024") + lines(72, 700, f"{name} text of", f"the page {name}.",
                                                   f"Ends with {name}.")
        + put(300, 30, f"Page {number} of 5") for number, name in enumerate(body, 1)
    ]  # fmt: skip
    found = texts(tmp_path, *pages)
    assert [("Annual report" in text) for text in found] == [True, False, False, False, False]
    assert not any("Page" in text for text in found)
    assert all(name in text for name, text in zip(body, found, strict=True))
    assert all("2024" in text and "Page" in text for text in texts(tmp_path, *pages[:3]))


def test_rows_of_figures_at_the_edge_of_pages_are_not_taken_for_running_lines(
    tmp_path: Path,
) -> None:
    pages = [lines(72, 700, *(f"{page * 7 + row} {row * 3} 0 0" for row in range(6)))
             for page in range(5)]  # fmt: skip
    assert [len(text.splitlines()) for text in texts(tmp_path, *pages)] == [6] * 5


def test_line_numbers_of_transcripts_are_dropped(tmp_path: Path) -> None:
    numbers = "".join(put(40, 700 - 20 * i, str(i + 1)) for i in range(10))
    text = "".join(put(72, 700 - 20 * i, f"spoken word {'abcdefghij'[i]}") for i in range(10))
    (found,) = texts(tmp_path, numbers + text)
    assert found == " ".join(f"spoken word {letter}" for letter in "abcdefghij")


def test_turned_text_is_read_upright(tmp_path: Path) -> None:
    def turned(text: str, x: int) -> str:
        return f"BT /F1 10 Tf 0 1 -1 0 {x} 100 Tm ({text}) Tj ET\n"

    page = turned("A page set sideways, first line,", 100) + turned("and its second line.", 112)
    assert texts(tmp_path, page) == ["A page set sideways, first line, and its second line."]
    assert texts(tmp_path, turned("stamp", 30) + PARAGRAPH)[0].endswith("Opened soft-\n\nstamp")


def test_scans_are_refused_and_single_pictures_reported(tmp_path: Path) -> None:
    error = refusal(tmp_path, pdf(PICTURE, PICTURE + put(72, 40, "Page 2"), PARAGRAPH))
    assert (error.code, error.pages) == ("no_text_layer", (1, 2))
    assert "OCR" in error.fix
    (tmp_path / "a.pdf").write_bytes(pdf(PICTURE, PARAGRAPH, PARAGRAPH))
    loaded = load_folder(tmp_path)
    assert [document.page for document in loaded.documents] == [2, 3]
    assert [(gap.code, gap.pages) for gap in loaded.gaps] == [("no_text_layer", (1,))]
    with pytest.warns(DocumentWarning, match="only pictures on page 1"):
        load_documents(tmp_path)


def test_text_turned_into_outlines_is_refused_like_a_scan(tmp_path: Path) -> None:
    strokes = "".join(f"{i} 100 m {i + 5} 200 l S\n" for i in range(60))
    assert refusal(tmp_path, pdf(strokes)).code == "no_text_layer"
    assert refusal(tmp_path, pdf("10 10 m 20 20 l S")).code == "empty"


def test_fonts_that_do_not_name_their_letters_are_refused(tmp_path: Path) -> None:
    page = "BT /F1 10 Tf 72 700 Td (" + "".join(map(chr, range(1, 9))) * 9 + ") Tj ET"
    error = refusal(tmp_path, pdf(page))
    assert error.code == "no_text_layer"
    assert "fonts" in error.reason


def test_what_is_typed_into_a_form_is_read(tmp_path: Path) -> None:
    form = "/AcroForm << /Fields [7 0 R] /DR << /Font 3 0 R >> /NeedAppearances true >>"
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada Lovelace) "
        "/DA (/F1 10 Tf 0 g) /Rect [72 600 300 620] /P 5 0 R >>"
    )
    data = pdf(put(72, 700, "Name of the customer:"), page="/Annots [7 0 R]", catalog=form,
               objects=(field,))  # fmt: skip
    (tmp_path / "a.pdf").write_bytes(data)
    assert "Ada Lovelace" in load_documents(tmp_path / "a.pdf")[0].text


def test_a_form_that_draws_itself_is_refused(tmp_path: Path) -> None:
    form = "/NeedsRendering true /AcroForm << /Fields [] /XFA [(template) 7 0 R] >>"
    xfa = "<< /Length 11 >>\nstream\n<template/>\nendstream"
    error = refusal(tmp_path, pdf(put(72, 700, "Please wait..."), catalog=form, objects=(xfa,)))
    assert (error.code, error.fix) == ("unsupported", "print it to a PDF file")


def test_attached_files_are_reported(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument(pdf(PARAGRAPH))
    document.new_attachment("tariff.csv").set_data(b"a,b")
    document.save(tmp_path / "a.pdf")
    document.close()
    assert "tariff.csv" in load_folder(tmp_path).gaps[0].reason


def test_protected_and_damaged_files_are_refused(tmp_path: Path) -> None:
    key = "/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >>"
    locked = pdf(PARAGRAPH, trailer=key.format("ab" * 32))
    assert refusal(tmp_path, locked).code == "encrypted"
    assert refusal(tmp_path, b"%PDF-1.4\n" + b"garbage " * 50).code == "malformed"
    assert refusal(tmp_path, b"no pdf at all").reason == "it does not begin like a PDF file"


def test_a_file_with_more_pages_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(PARAGRAPH, PARAGRAPH))
    with pytest.raises(DocumentError, match="2 pages") as caught:
        load_documents(tmp_path / "a.pdf", limits=Limits(max_pages=1))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("name", ["a.docx", "a.txt", "a"])
def test_a_pdf_is_recognised_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pdf(put(72, 700, "text")))
    assert [document.text for document in load_documents(tmp_path)] == ["text"]
