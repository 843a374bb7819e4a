"""Files that hold a text once and ask for it again and again: refused before it is written out."""

import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_documents
from rag.types import Limits
from tests.rag.test_load_hostile import MAIN, container, word
from tests.rag.test_load_opendocument import odt

LONG = "".join(f"word{i} " for i in range(70_000))  # 600 KB
TIMES = 300
SMALL = Limits(max_characters=1_000_000)


def nested(cell: str, table: str, depth: int) -> str:
    """Cells in cells: each level asks for all below it many times."""
    for _ in range(depth):
        cell = table.format(cell)
    return cell


def merged_word(path: Path, first: str, depth: int = 0) -> Path:
    again = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr></w:tc><w:tc/></w:tr>" * TIMES
    cell = f"<w:tc><w:p><w:r><w:t>{first}</w:t></w:r></w:p></w:tc>"
    cell = nested(cell, f"<w:tc><w:tbl><w:tr>{{}}</w:tr>{again}</w:tbl></w:tc>", depth)
    table = f"<w:tbl><w:tr>{cell}<w:tc/></w:tr>{again}</w:tbl>"
    return word(path, f'<w:document xmlns:w="w"><w:body>{table}</w:body></w:document>')


def numbered_word(path: Path) -> Path:
    item = (
        '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>'
    )
    body = f'<w:document xmlns:w="w"><w:body>{item * TIMES}</w:body></w:document>'
    numbering = (
        '<w:n xmlns:w="w"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        f'<w:lvlText w:val="{LONG}"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:n>'
    )
    parts = {
        "word/_rels/document.xml.rels": MAIN.format("numbering.xml").replace(
            "officeDocument", "numbering"
        ),
        "word/numbering.xml": numbering,
    }
    return word(path, body, **parts)


def workbook(path: Path, text: str = LONG, name: str = "S") -> Path:
    cells = "".join(f'<row r="{i}"><c t="s"><v>0</v></c></row>' for i in range(1, TIMES))
    return container(path, {
        "_rels/.rels": MAIN.format("xl/workbook.xml"),
        "xl/workbook.xml":
            f'<w xmlns:r="r"><sheets><sheet name="{name}" r:id="s"/></sheets></w>',
        "xl/_rels/workbook.xml.rels":
            '<R><Relationship Id="s" Type="x/worksheet" Target="sheet.xml"/>'
            '<Relationship Id="t" Type="x/sharedStrings" Target="strings.xml"/></R>',
        "xl/strings.xml": f"<s><si><t>{text}</t></si></s>",
        "xl/sheet.xml": f"<s><d>{cells}</d></s>",
    })  # fmt: skip


def slides(path: Path, shapes: str, times: int = 1, target: str = "s.xml") -> Path:
    listed = '<sldId r:id="s"/>' * times
    return container(path, {
        "_rels/.rels": MAIN.format("ppt/p.xml"),
        "ppt/p.xml": f'<w xmlns:r="r"><sldIdLst>{listed}</sldIdLst></w>',
        "ppt/_rels/p.xml.rels":
            f'<R><Relationship Id="s" Type="x/slide" Target="{target}"/></R>',
        "ppt/s.xml": f"<s><cSld><spTree>{shapes}</spTree></cSld></s>",
    })  # fmt: skip


def merged_slide(path: Path) -> Path:
    cell = f"<tc><txBody><p><r><t>{LONG}</t></r></p></txBody></tc>"
    rows = f"<tr>{cell}<tc/></tr>" + '<tr><tc vMerge="1"/><tc/></tr>' * TIMES
    table = f"<graphic><graphicData><tbl>{rows}</tbl></graphicData></graphic>"
    return slides(path, f"<graphicFrame>{table}</graphicFrame>")


def nested_odt(path: Path) -> Path:
    many = '<table-cell number-columns-repeated="100">{}</table-cell>'
    row = "<table><table-row>{}</table-row></table>"
    table = row.format(nested(many.format(f"<p>{LONG[:100]}</p>"), many.format(row), 2))
    return odt(path.parent, **{"content.xml": f"<x><body><text>{table}</text></body></x>"})


def records(path: Path) -> Path:
    inner: object = [{"a": 1}] * 3000
    for _ in range(90):
        inner = {"k" * 100: inner}
    path.write_text(json.dumps(inner), encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "make"), [
    ("a.docx", lambda path: merged_word(path, LONG)),
    ("nested.docx", lambda path: merged_word(path, LONG[:1000], 1)),
    ("numbered.docx", numbered_word),
    ("a.xlsx", workbook),
    ("a.pptx", merged_slide),
    ("a.odt", nested_odt),
    ("a.json", records),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_a_text_that_is_asked_for_again_and_again_is_counted_before_it_is_written(
    tmp_path: Path, name: str, make
) -> None:
    path = make(tmp_path / name)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match="it holds too much text") as refused:
            load_documents(path, limits=SMALL)
        assert refused.value.code == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_names_that_grow_with_every_level_are_refused(tmp_path: Path) -> None:
    inner: object = 1
    for _ in range(30):
        inner = {"k" * 1000: inner}
    (tmp_path / "a.json").write_text(json.dumps(inner), encoding="utf-8")
    with pytest.raises(DocumentError, match="its names are too long"):
        load_documents(tmp_path / "a.json")


def test_the_name_of_a_sheet_stands_above_its_passages_as_far_as_names_go(tmp_path: Path) -> None:
    (document,) = load_documents(workbook(tmp_path / "a.xlsx", "x", LONG))
    assert len(document.title) < 200 and "word3" in document.title


def test_a_chapter_that_is_named_again_and_again_is_read_once(tmp_path: Path) -> None:
    path = container(tmp_path / "a.epub", {
        "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
        "b.opf": '<p><manifest><item id="i" href="c.html" media-type="x/html"/></manifest><spine>'
                 + '<itemref idref="i"/>' * TIMES + "</spine></p>",
        "c.html": "<p>the only chapter",
    })  # fmt: skip
    (document,) = load_documents(path)
    assert document.text == "the only chapter"


def test_a_slide_that_is_named_again_and_again_counts_each_time_it_is_unpacked(
    tmp_path: Path,
) -> None:
    shape = f"<sp><txBody><p><r><t>{LONG}</t></r></p></txBody></sp>"
    path = slides(tmp_path / "a.pptx", shape, 20)
    assert len(load_documents(path)) == 20
    with pytest.raises(DocumentError, match="unpacks to more than the allowed size"):
        load_documents(path, limits=Limits(max_unpacked_bytes=10 * len(LONG)))


def test_more_slides_than_are_allowed_are_refused_before_one_is_read(tmp_path: Path) -> None:
    path = slides(tmp_path / "a.pptx", "", 11, target="missing.xml")
    with pytest.raises(DocumentError, match="it has 11 pages"):
        load_documents(path, limits=Limits(max_pages=10))


def test_a_value_of_a_chart_far_out_claims_no_more_gaps_than_letters(tmp_path: Path) -> None:
    series = '<ser><val><pt idx="99999"><v>7</v></pt></val></ser>' * 20
    frame = '<graphic xmlns:r="r"><graphicData><chart r:id="c"/></graphicData></graphic>'
    path = slides(tmp_path / "plain.pptx", f"<graphicFrame>{frame}</graphicFrame>")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ppt/_rels/s.xml.rels",
                         '<R><Relationship Id="c" Type="x/chart" Target="c.xml"/></R>')  # fmt: skip
        archive.writestr("ppt/c.xml", f"<c><chart>{series}</chart></c>")
    with pytest.raises(DocumentError, match="it holds too much text"):
        load_documents(path, limits=SMALL)
