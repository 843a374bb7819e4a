"""OpenDocument texts, written by hand."""

import zipfile
from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_documents

ODT = """<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d"
  xmlns:style="s"><office:automatic-styles>
  <text:list-style style:name="L1">
    <text:list-level-style-number text:level="1" style:num-format="1"/>
  </text:list-style><style:style style:name="P1" style:parent-style-name="Title"/>
  </office:automatic-styles><office:body><office:text>
  <text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
  <text:p text:style-name="P1">El <text:span>Kitabı</text:span></text:p>
  <text:h text:outline-level="2">Bölüm</text:h>
  <text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d
     e<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Dipnot.</text:p>
     </text:note-body></text:note><office:annotation><text:p>comment</text:p></office:annotation></text:p>
  <text:list text:style-name="L1"><text:list-item><text:p>bir</text:p><text:list><text:list-item>
    <text:p>iç</text:p></text:list-item></text:list></text:list-item>
    <text:list-item text:start-value="5"><text:p>beş</text:p></text:list-item></text:list>
  <table:table><table:table-header-rows><table:table-row>
    <table:table-cell><text:p>A</text:p></table:table-cell>
    <table:table-cell table:number-columns-spanned="2"><text:p>B</text:p></table:table-cell>
    <table:covered-table-cell/></table:table-row></table:table-header-rows>
    <table:table-row>
    <table:table-cell table:number-rows-spanned="2"><text:p>1</text:p></table:table-cell>
    <table:table-cell><text:p>2</text:p></table:table-cell>
    <table:table-cell><text:p>3</text:p></table:table-cell>
    <table:table-cell table:number-columns-repeated="16384"/></table:table-row>
    <table:table-row><table:covered-table-cell/><table:table-cell><text:p>4</text:p></table:table-cell>
    </table:table-row></table:table>
  <text:section><draw:frame><draw:text-box><text:p>kutu</text:p></draw:text-box></draw:frame>
  </text:section>
  </office:text></office:body></office:document-content>"""
ODT_STYLES = """<office:document-styles xmlns:office="o" xmlns:text="t" xmlns:style="s">
  <office:master-styles><style:master-page><style:header><text:p>Üst bilgi</text:p></style:header>
  <style:footer><text:p>Sayfa 1</text:p></style:footer></style:master-page></office:master-styles>
  </office:document-styles>"""


def odt(folder: Path, **parts: str) -> Path:
    contents = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": ODT,
        "styles.xml": ODT_STYLES,
    }
    with zipfile.ZipFile(folder / "a.odt", "w") as archive:
        for name, content in (contents | parts).items():
            archive.writestr(name, content)
    return folder / "a.odt"


def test_an_opendocument_text_keeps_its_structure(tmp_path: Path) -> None:
    (document,) = load_documents(odt(tmp_path))
    assert document.title == "El Kitabı"
    assert document.text == (
        "Üst bilgi\n\n# El Kitabı\n\n## Bölüm\n\na b c\nd e[1]\n\n1. bir\n  - iç\n5. beş\n\n"
        "| A | B |  |\n| 1 | 2 | 3 |\n| 1 | 4 |  |\n\nkutu\n\n[1] Dipnot."
    )


def test_an_encrypted_opendocument_text_is_refused(tmp_path: Path) -> None:
    manifest = (
        '<m:manifest xmlns:m="m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    )
    with pytest.raises(DocumentError) as caught:
        load_documents(odt(tmp_path, **{"META-INF/manifest.xml": manifest}))
    assert caught.value.code == "encrypted"


@pytest.mark.parametrize("rows", [
    "<table-row><table-cell/><table-cell number-rows-spanned='3'><p>x</p></table-cell></table-row>"
    "<table-row><table-cell/></table-row><table-row><table-cell/><covered-table-cell/></table-row>",
    "<table-row><table-cell number-rows-spanned='3' number-columns-repeated='0'><p>x</p>"
    "</table-cell><covered-table-cell/><table-cell/></table-row>",
], ids=["the row above is shorter", "there is no row above"])  # fmt: skip
def test_a_covered_cell_with_nothing_above_it_is_empty(tmp_path: Path, rows: str) -> None:
    content = f"<x><body><text><table>{rows}</table><p>after</p></text></body></x>"
    (document,) = load_documents(odt(tmp_path, **{"content.xml": content}))
    assert document.text.endswith("after")
