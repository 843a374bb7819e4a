"""Presentations and workbooks, written by other libraries."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pptx
import pytest
import xlsxwriter
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from rag.errors import DocumentError
from rag.load import load_documents, load_folder
from rag.types import Document

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
HERE = (Inches(1), Inches(1), Inches(4), Inches(1))


def presentation(folder: Path, build: Callable[[pptx.presentation.Presentation], None]) -> Path:
    deck = pptx.Presentation()
    build(deck)
    deck.save(str(folder / "a.pptx"))
    return folder / "a.pptx"


def test_each_slide_is_a_page_with_title_list_and_notes(tmp_path: Path) -> None:
    def build(deck: pptx.presentation.Presentation) -> None:
        first = deck.slides.add_slide(deck.slide_layouts[0])
        first.shapes.title.text = "Ürün Tanıtımı"
        first.placeholders[1].text = "2024"
        second = deck.slides.add_slide(deck.slide_layouts[1])
        box = second.shapes.add_textbox(*HERE)
        box.text_frame.text = "in a group or not"
        second.shapes.add_group_shape([box])
        second.shapes.title.text = "Koşullar"
        frame = second.placeholders[1].text_frame
        frame.text = "bir"
        inner = frame.add_paragraph()
        inner.text, inner.level = "iki", 1
        second.notes_slide.notes_text_frame.text = "Burada durun."

    first, second = load_documents(presentation(tmp_path, build))
    assert (first.id, first.page, first.title) == ("a.pptx#p1", 1, "Ürün Tanıtımı")
    assert first.text == "# Ürün Tanıtımı\n\n2024"
    assert second.text == (
        "# Koşullar\n\n- bir\n  - iki\n\nin a group or not\n\nNotes: Burada durun."
    )


def test_tables_and_charts_of_slides_become_rows(tmp_path: Path) -> None:
    def build(deck: pptx.presentation.Presentation) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        table = slide.shapes.add_table(3, 2, *HERE).table
        for index, text in enumerate(("Ürün", "Fiyat", "Kalem", "1", "", "2")):
            table.cell(index // 2, index % 2).text = text
        table.cell(1, 0).merge(table.cell(2, 0))
        data = CategoryChartData()
        data.categories = ["Ocak", "Şubat"]
        data.add_series("Satış", (10, 20.5))
        data.add_series("İade", (1, None))
        chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *HERE, data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Aylık"

    (slide,) = load_documents(presentation(tmp_path, build))
    assert slide.text == (
        "| Ürün | Fiyat |\n| Kalem | 1 |\n| Kalem | 2 |\n\nAylık\n\n"
        "|  | Satış | İade |\n| Ocak | 10 | 1 |\n| Şubat | 20.5 |  |"
    )


def test_slides_that_are_pictures_are_reported(tmp_path: Path) -> None:
    (tmp_path / "pixel.png").write_bytes(PIXEL)

    def build(deck: pptx.presentation.Presentation) -> None:
        for text in ("words", "", ""):
            slide = deck.slides.add_slide(deck.slide_layouts[6])
            slide.shapes.add_picture(str(tmp_path / "pixel.png"), *HERE[:2])
            if text:
                slide.shapes.add_textbox(*HERE).text_frame.text = text

    def only_pictures(deck: pptx.presentation.Presentation) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.shapes.add_picture(str(tmp_path / "pixel.png"), *HERE[:2])

    loaded = load_folder(presentation(tmp_path, build))
    assert [document.page for document in loaded.documents] == [1]
    assert [(gap.code, gap.pages) for gap in loaded.gaps] == [("no_text_layer", (2, 3))]
    assert "2–3" in loaded.gaps[0].reason
    with pytest.raises(DocumentError) as caught:
        load_documents(presentation(tmp_path, only_pictures))
    assert caught.value.code == "no_text_layer"


def test_slides_come_in_the_order_of_the_show_and_a_missing_one_is_noticed(tmp_path: Path) -> None:
    def build(deck: pptx.presentation.Presentation) -> None:
        for text in "abc":
            slide = deck.slides.add_slide(deck.slide_layouts[6])
            slide.shapes.add_textbox(*HERE).text_frame.text = text
        order = deck.slides._sldIdLst
        order.insert(0, order[2])

    path = presentation(tmp_path, build)
    assert [document.text for document in load_documents(path)] == ["c", "a", "b"]
    broken = tmp_path / "b.pptx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            if name != "ppt/slides/slide3.xml":
                target.writestr(name, source.read(name))
    with pytest.raises(DocumentError, match="slide 1 is missing"):
        load_documents(broken)


def workbook(folder: Path, build: Callable[[openpyxl.Workbook], None]) -> list[Document]:
    book = openpyxl.Workbook()
    build(book)
    book.save(folder / "kitap.xlsx")
    return load_documents(folder / "kitap.xlsx")


def test_each_sheet_is_a_page_named_after_it(tmp_path: Path) -> None:
    def build(book: openpyxl.Workbook) -> None:
        book.active.title = "Fiyatlar"
        book.active.append(["Ürün", None, "Fiyat"])
        book.active.append(["Kalem", None, 12.5])
        book.create_sheet("Boş")
        book.create_sheet("Sheet3").append(["x", 1])
        book["Sheet3"].sheet_state = "hidden"

    first, third = workbook(tmp_path, build)
    assert (first.id, first.page, first.title) == ("kitap.xlsx#p1", 1, "kitap – Fiyatlar")
    assert first.text == "# Fiyatlar\n\n| Ürün | Fiyat |\n| Kalem | 12.5 |"
    assert (third.page, third.title, third.text) == (3, "kitap – Sheet3", "| x | 1 |")


@pytest.mark.parametrize(("value", "form", "text"), [
    (datetime.date(2024, 3, 5), None, "2024-03-05"),
    (datetime.datetime.fromisoformat("2024-03-05T09:30"), None, "2024-03-05 09:30"),
    (datetime.time(13, 45), None, "13:45"),
    (datetime.timedelta(hours=30), None, "30:00"),
    (datetime.date(1900, 1, 1), None, "1900-01-01"),
    (45356, 'dd" gün "mmmm\\ yyyy', "2024-03-05"),
    (0.125, "0.0%", "12.5%"),
    (0.07, "0%", "7%"),
    (1234.5, '#,##0.00 [$₺-41F];[Red]"deficit"', "1234.5"),
    (0.1 + 0.2, None, "0.3"),
    (12.0, None, "12"),
    (1e21, None, "1e+21"),
    (True, None, "TRUE"),
    ("=1/0", None, None),
    ("'007", None, "'007"),
    ("iki\nsatır", None, "iki satır"),
])  # fmt: skip
def test_values_read_as_their_reader_sees_them(
    tmp_path: Path, value: object, form: str | None, text: str | None
) -> None:
    def build(book: openpyxl.Workbook) -> None:
        book.active.append(["v", value])
        if form:
            book.active["B1"].number_format = form

    (sheet,) = workbook(tmp_path, build)
    assert sheet.text == (f"| v | {text} |" if text else "v")


def test_formulas_show_their_last_result_and_strings_their_runs(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.write_formula("A1", "=SUM(1,2)", None, 3)
        sheet.write_formula("B1", '="a"&"b"', None, "ab")
        sheet.write_rich_string("C1", "kalın ", bold, "değil", " mi")
        sheet.write_datetime("D1", datetime.datetime.fromisoformat("2024-03-05"),
                             book.add_format({"num_format": 14}))  # fmt: skip
        sheet.write_comment("A1", "a comment")
    assert load_documents(path)[0].text == "| 3 | ab | kalın değil mi | 2024-03-05 |"


def test_blocks_of_cells_are_tables_of_their_own_and_merged_rows_repeat(tmp_path: Path) -> None:
    def build(book: openpyxl.Workbook) -> None:
        sheet = book.active
        for row in (["Başlık"], [], ["A", "B", "C"], ["x", 1, 2], [None, 3, 4], [],
                    [None, None, None, "far", "off"]):  # fmt: skip
            sheet.append(row)
        sheet.merge_cells("A4:A5")
        sheet.merge_cells("B3:C3")

    (sheet,) = workbook(tmp_path, build)
    assert sheet.text == ("Başlık\n\n| A | B |  |\n| x | 1 | 2 |\n| x | 3 | 4 |\n\n| far | off |")


def test_a_cell_at_the_far_corner_does_not_fill_the_memory(tmp_path: Path) -> None:
    def build(book: openpyxl.Workbook) -> None:
        book.active["A1"] = "near"
        book.active["XFD1048576"] = "far"

    (sheet,) = workbook(tmp_path, build)
    assert sheet.text == "near\n\nfar"


def test_cells_agree_with_an_independent_reader(tmp_path: Path) -> None:
    rows = [[f"r{row}c{column}" if (row * column) % 3 else row * column / 4 for column in range(30)]
            for row in range(1, 40)]  # fmt: skip

    def build(book: openpyxl.Workbook) -> None:
        for row in rows:
            book.active.append(row)

    (sheet,) = workbook(tmp_path, build)
    book = openpyxl.load_workbook(tmp_path / "kitap.xlsx", data_only=True)
    expected = [" | ".join(f"{value:g}" if isinstance(value, float | int) else value
                           for value in row) for row in book.active.values]  # fmt: skip
    assert sheet.text.splitlines() == [f"| {row} |" for row in expected]


def test_a_binary_workbook_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "_rels/.rels", '<r><r Id="1" Type="x/officeDocument" Target="xl/workbook.bin"/></r>'
        )
        archive.writestr("xl/workbook.bin", b"\x83\x01\x00")
    with pytest.raises(DocumentError) as caught:
        load_documents(path)
    assert (caught.value.code, caught.value.fix) == ("unsupported", "save it as .xlsx")
