"""Rich Text Format, as word processors and mail programs write it."""

from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_documents
from rag.types import Document


def load(
    folder: Path, body: str, *, head: str = r"\ansi\ansicpg1254", name: str = "a.rtf"
) -> Document:
    (folder / name).write_bytes((r"{\rtf1" + head + " " + body + "}").encode("latin-1"))
    (document,) = load_documents(folder / name)
    return document


@pytest.mark.parametrize(("body", "text"), [
    (r"\'deikayet \'fdhtimali\par iki", "Şikayet ıhtimali\n\niki"),
    (r"\u350\'3fikayet \u8364?5 \uc2\u287\'3f\'3f\uc0\u305 x", "Şikayet €5 ğıx"),
    (r"\u-10179?\u-8704?", "😀"),
    (r"a\tab b\line c\emdash d\~e\_f\-g\{h\}\\", "a b\nc—d e-fgh}\\".replace("gh", "g{h")),
    (r"\lquote a\rquote  \ldblquote b\rdblquote", "‘a’ “b”"),
    (r"visible{\v hidden}{\*\unknown x}{\pict\bin4 }{}}}x{\deleted gone} end", "visiblex end"),
    (r"see {\field{\*\fldinst HYPERLINK http://x}{\fldrslt the link}} now", "see the link now"),
    (r"note{\footnote The note.} here", "note[1] here\n\n[1] The note."),
    (r"before{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt boxed\par}}after", "before\nboxed\n\nafter"),
    (r"{\*\bkmkstart x}a{\xe index}{\comment c}b", "ab"),
    ("one\r\ntwo \\\nthree", "onetwo\n\nthree"),
    (r"a}b{c", "abc"),
])  # fmt: skip
def test_text_is_read_and_machinery_is_not(tmp_path: Path, body: str, text: str) -> None:
    assert load(tmp_path, body).text == text


def test_the_font_decides_the_code_page(tmp_path: Path) -> None:
    fonts = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset162 Arial;}{\f2\fcharset204 Arial;}}"
    body = rf"{fonts}\f0 \'fe \f1 \'fe \f2 \'fe \plain \'e9"
    assert load(tmp_path, body, head=r"\ansi\ansicpg1252").text == "þ ş ю é"


def test_headings_lists_and_tables_keep_their_structure(tmp_path: Path) -> None:
    styles = r"{\stylesheet{\ql Normal;}{\s1 heading 1;}{\s2\outlinelevel1 Own;}}"
    body = styles + (
        r"{\info{\title El Kitab\'fd}{\author x}}"
        r"\pard\s1 Bir\par\pard\s2 \'ddki\par\pard\outlinelevel2 \'dc\'e7\par"
        r"\pard{\listtext 1.\tab}first\par{\pntext\f1\'b7\tab}\ilvl1 dot\par"
        r"{\listtext (a)\tab}letter\par"
        r"\trowd\cellx1\cellx2\pard\intbl A\cell B\par more\cell\row"
        r"\trowd\pard\intbl 1\cell x|y\cell\row\pard after\par"
    )
    document = load(tmp_path, body)
    assert document.title == "El Kitabı"
    assert document.text == (
        "# Bir\n\n## İki\n\n### Üç\n\n1. first\n  - dot\n  - (a) letter\n\n"
        "| A | B more |\n| 1 | x\\|y |\n\nafter"
    )


def test_headers_and_footers_are_kept_once(tmp_path: Path) -> None:
    body = r"{\header Gizli belge\par}{\headerl Gizli belge\par}{\footer Page 1\par}Body\par"
    assert load(tmp_path, body).text == "Body\n\nGizli belge"


def test_it_is_recognised_under_the_name_of_doc(tmp_path: Path) -> None:
    assert load(tmp_path, "text", name="a.doc").text == "text"


def test_bytes_outside_the_declared_code_page_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, r"\'81\'8d", head=r"\ansi\ansicpg1252")
    assert caught.value.code == "encoding"
    assert "code page" in caught.value.reason
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, r"\u-10179?")
    assert caught.value.code == "encoding"


def test_deep_braces_do_not_exhaust_the_stack(tmp_path: Path) -> None:
    assert load(tmp_path, "{" * 50_000 + "deep" + "}" * 50_000).text == "deep"
