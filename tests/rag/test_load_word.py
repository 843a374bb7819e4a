"""Word documents, written by another library or by hand."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from rag.errors import DocumentError
from rag.load import load_documents
from rag.types import Document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def load(path: Path) -> Document:
    (document,) = load_documents(path)
    return document


def saved(folder: Path, build: Callable[[docx.document.Document], None]) -> Document:
    document = docx.Document()
    build(document)
    document.save(str(folder / "a.docx"))
    return load(folder / "a.docx")


def with_body(folder: Path, xml: str, **parts: str) -> Document:
    """A document whose body is the given XML; `parts` add or replace entries."""
    docx.Document().save(str(folder / "empty.docx"))
    with (
        zipfile.ZipFile(folder / "empty.docx") as source,
        zipfile.ZipFile(folder / "a.docx", "w") as target,
    ):
        contents = {name: source.read(name) for name in source.namelist()}
        contents["word/document.xml"] = (
            f"<w:document {W}><w:body>{xml}</w:body></w:document>".encode()
        )
        for name, content in (contents | parts).items():
            target.writestr(name, content)
    return load(folder / "a.docx")


def test_headings_lists_and_paragraphs(tmp_path: Path) -> None:
    def build(document: docx.document.Document) -> None:
        document.add_paragraph("El Kitabı", style="Title")
        document.add_heading("Bölüm", 1)
        document.add_paragraph("Bir\tiki").add_run("\nüç")
        for text, style in (("a", "List Bullet"), ("b", "List Bullet 2"), ("c", "List Number"),
                            ("d", "List Number")):  # fmt: skip
            document.add_paragraph(text, style=style)
        document.add_heading("Alt", 3)

    document = saved(tmp_path, build)
    assert document.title == "El Kitabı"
    assert document.text == (
        "# El Kitabı\n\n# Bölüm\n\nBir iki\nüç\n\n- a\n- b\n1. c\n2. d\n\n### Alt"
    )


def test_headings_are_found_by_outline_level_and_under_localised_names(tmp_path: Path) -> None:
    def build(document: docx.document.Document) -> None:
        own = document.styles.add_style("Bölüm adı", WD_STYLE_TYPE.PARAGRAPH)
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), "1")
        own.element.get_or_add_pPr().append(level)
        child = document.styles.add_style("Ek", WD_STYLE_TYPE.PARAGRAPH)
        child.base_style = own
        turkish = document.styles.add_style("Başlık 3", WD_STYLE_TYPE.PARAGRAPH)
        assert turkish.name == "Başlık 3"
        for text, style in (("two", own), ("inherited", child), ("three", turkish)):
            document.add_paragraph(text, style=style)
        direct = document.add_paragraph("direct")
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), "3")
        direct._p.get_or_add_pPr().append(level)

    assert saved(tmp_path, build).text == "## two\n\n## inherited\n\n### three\n\n#### direct"


def test_automatic_numbers_are_counted(tmp_path: Path) -> None:
    def level(depth: int, form: str, text: str) -> str:
        return (
            f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
            f'<w:lvlText w:val="{text}"/></w:lvl>'
        )

    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="5">{level(0, "decimal", "%1.")}'
        f"{level(1, 'decimal', '%1.%2')}{level(2, 'lowerLetter', '(%3)')}"
        f"{level(3, 'upperRoman', '%4.')}</w:abstractNum>"
        '<w:num w:numId="7"><w:abstractNumId w:val="5"/></w:num>'
        '<w:num w:numId="8"><w:abstractNumId w:val="5"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="4"/></w:lvlOverride></w:num></w:numbering>'
    )

    def item(text: str, depth: int, number: int = 7) -> str:
        return (
            f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
            f"</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
        )

    body = "".join(
        (item("Scope", 0), item("first", 1), item("second", 1), item("deep", 2), item("deeper", 3),
         item("Terms", 0), item("again", 1), item("restarted", 0, 8), item("unknown list", 0, 99))
    )  # fmt: skip
    assert with_body(tmp_path, body, **{"word/numbering.xml": numbering}).text == (
        "1. Scope\n  - 1.1 first\n  - 1.2 second\n    - (a) deep\n      - I. deeper\n"
        "2. Terms\n  - 2.1 again\n4. restarted\n- unknown list"
    )


def test_tables_with_merged_and_nested_cells(tmp_path: Path) -> None:
    def build(document: docx.document.Document) -> None:
        table = document.add_table(3, 3)
        for row, texts in enumerate((("Ürün", "Fiyat", "Not"), ("Kalem", "1", "x"), ("", "2", ""))):
            for column, text in enumerate(texts):
                table.cell(row, column).text = text
        table.cell(1, 0).merge(table.cell(2, 0))
        table.cell(0, 1).merge(table.cell(0, 2))
        inner = table.cell(2, 2).add_table(2, 2)
        for index, text in enumerate("abcd"):
            inner.cell(index // 2, index % 2).text = text
        box = document.add_table(1, 1).cell(0, 0)
        box.text = "A note in a frame."

    assert saved(tmp_path, build).text == (
        "| Ürün | Fiyat Not |  |\n| Kalem | 1 | x |\n| Kalem | 2 | a, b; c, d |\n\n"
        "A note in a frame."
    )


def test_headers_and_footers_are_kept_once_and_page_numbers_are_not(tmp_path: Path) -> None:
    def build(document: docx.document.Document) -> None:
        document.sections[0].header.paragraphs[0].text = "Gizli: yalnız iç kullanım"
        document.sections[0].footer.paragraphs[0].text = "Page 1 of 3"
        document.add_paragraph("Body")
        second = document.add_section()
        second.header.is_linked_to_previous = False
        second.header.paragraphs[0].text = "Gizli: yalnız iç kullanım"
        second.footer.is_linked_to_previous = False
        second.footer.paragraphs[0].text = "Şirket adresi: Ankara"

    assert saved(tmp_path, build).text == (
        "Gizli: yalnız iç kullanım\n\nBody\n\nŞirket adresi: Ankara"
    )


def test_text_in_unusual_places_is_read_and_what_is_no_text_is_not(tmp_path: Path) -> None:
    body = """
      <w:p><w:r><w:t>see </w:t></w:r><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>
        <w:ins><w:r><w:t> inserted</w:t></w:r></w:ins>
        <w:del><w:r><w:delText> deleted</w:delText></w:r></w:del>
        <w:r><w:rPr><w:vanish/></w:rPr><w:t> hidden</w:t></w:r>
        <w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t xml:space="preserve"> shown</w:t></w:r>
        <w:fldSimple><w:r><w:t xml:space="preserve"> field</w:t></w:r></w:fldSimple>
        <w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:noBreakHyphen/><w:t>end</w:t></w:r></w:p>
      <w:sdt><w:sdtContent><w:p><w:r><w:t>content control</w:t></w:r></w:p></w:sdtContent></w:sdt>
      <w:p><w:r><mc:AlternateContent
          xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">
        <mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>text box</w:t></w:r></w:p>
          </w:txbxContent></w:drawing></mc:Choice>
        <mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>text box</w:t></w:r></w:p>
          </w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>
      <w:p><w:commentRangeStart/><w:r><w:t>note</w:t><w:footnoteReference w:id="2"/></w:r></w:p>"""
    notes = f"""<w:footnotes {W}><w:footnote w:id="0"><w:p/></w:footnote>
      <w:footnote w:id="2"><w:p><w:r><w:t>The footnote.</w:t></w:r></w:p></w:footnote>
      </w:footnotes>"""
    relations = """<Relationships>
      <Relationship Id="r1" Type="http://x/relationships/footnotes" Target="footnotes.xml"/>
      </Relationships>"""
    parts = {"word/footnotes.xml": notes, "word/_rels/document.xml.rels": relations}
    assert with_body(tmp_path, body, **parts).text == (
        "see link inserted shown field-end\n\ncontent control\n\ntext box\n\nnote[1]\n\n"
        "[1] The footnote."
    )


def test_a_strict_document_and_one_with_a_moved_main_part_are_read(tmp_path: Path) -> None:
    namespace = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr(
            "_rels/.rels",
            """<Relationships><Relationship Id="r"
          Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
          Target="/word/document2.xml"/></Relationships>""",
        )
        archive.writestr(
            "word/document2.xml",
            f"""<w:document {namespace}><w:body>
          <w:p><w:r><w:t>strict</w:t></w:r></w:p></w:body></w:document>""",
        )
    assert load(tmp_path / "a.docx").text == "strict"


def test_a_table_of_contents_is_left_out(tmp_path: Path) -> None:
    def build(document: docx.document.Document) -> None:
        document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
        document.add_paragraph("Chapter ..... 7", style="toc 1")
        document.add_heading("Chapter", 1)

    assert saved(tmp_path, build).text == "# Chapter"


def test_the_title_of_the_properties_counts_unless_a_program_wrote_it(tmp_path: Path) -> None:
    for given, title in (("Satış Sözleşmesi", "Satış Sözleşmesi"), ("Document1", "Heading"),
                         ("Microsoft Word - x.doc", "Heading"), ("", "Heading")):  # fmt: skip

        def build(document: docx.document.Document, given: str = given) -> None:
            document.core_properties.title = given
            document.add_heading("Heading", 2)

        assert saved(tmp_path, build).title == title


def test_a_document_that_defines_entities_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    leak = '<!DOCTYPE d [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
    for declaration in (bomb, leak):
        with pytest.raises(DocumentError, match="defines entities") as caught:
            xml = (
                f"{declaration}<w:document {W}><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p>"
                "</w:body></w:document>"
            )
            with_body(tmp_path, "", **{"word/document.xml": xml})
        assert caught.value.code == "malformed"


def test_a_document_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    start, end = "<w:tbl><w:tr><w:tc>" * 40, "</w:tc></w:tr></w:tbl>" * 40
    assert with_body(tmp_path, f"{start}<w:p><w:r><w:t>x</w:t></w:r></w:p>{end}").text == "x"
    with pytest.raises(DocumentError) as caught:
        with_body(tmp_path, "<w:sdt>" * 5000 + "</w:sdt>" * 5000)
    assert caught.value.code == "too_large"


def test_a_document_of_nothing_but_pictures_is_refused_like_a_scan(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        with_body(tmp_path, "<w:p/>", **{"word/media/image1.png": "x"})
    assert caught.value.code == "no_text_layer"
    with pytest.raises(DocumentError) as caught:
        with_body(tmp_path, "<w:p/>")
    assert caught.value.code == "empty"
