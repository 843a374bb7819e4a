"""HTML pages and electronic books."""

import zipfile
from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_documents
from rag.types import Document


def load(folder: Path, html: bytes | str, name: str = "a.html") -> Document:
    path = folder / name
    path.write_bytes(html.encode() if isinstance(html, str) else html)
    (document,) = load_documents(path)
    return document


def body(folder: Path, html: str) -> str:
    return load(folder, f"<!doctype html><body>{html}</body>").text


def test_headings_paragraphs_and_lists_are_kept(tmp_path: Path) -> None:
    text = body(
        tmp_path,
        """
      <h1>İade <em>Koşulları</em></h1><p>On dört
      gün <b>içinde</b>.</p>
      <ul><li>fatura</li><li><p>kutu</p><p>içi dolu</p><ul><li>kablo</li></ul></li></ul>
      <ol start="3"><li>üçüncü</li><li>dördüncü</li></ol><h7>x</h7>""",
    )
    assert text == (
        "# İade Koşulları\n\nOn dört gün içinde.\n\n"
        "- fatura\n- kutu içi dolu\n  - kablo\n3. üçüncü\n4. dördüncü\n\nx"
    )


@pytest.mark.parametrize(("html", "text"), [
    ("<p>one</p></p><span>two</span> <span>three</span>", "one\n\ntwo three"),
    ("</div><span>a</span><p><span>b</p><span>c</span>", "a\n\nb\n\nc"),
    ("<b>bold <p>inside</b> after", "bold\n\ninside after"),
    ("a<br>b<br/>c<br></br>d", "a\nb\nc\nd"),
    ("<h2>Two<br>lines</h2>", "## Two lines"),
    ("un<wbr>believ<b>able</b>", "unbelievable"),
    ("<p>5 &lt; 6 &amp; 7&nbsp;&gt;&#160;2 &ccedil;&#287;</p>", "5 < 6 & 7 > 2 çğ"),
    ("<p># of items</p>", "\\# of items"),
    ("<p>10<sup>6</sup> units, see note<sup>2</sup>; H<sub>2</sub>O</p>",
     "10⁶ units, see note2; H2O"),
    ("<dl><dt>Term</dt><dd>Meaning.</dd></dl>", "Term\n\nMeaning."),
    ("<details><summary>Q</summary>A</details>", "Q\n\nA"),
    ("<pre>line 1\n  # indented\n</pre>", "```\nline 1\n  # indented\n```"),
    ("<li>stray item", "- stray item"),
    ("<p>a<!-- comment --> b</p><![CDATA[x]]>", "a b"),
])  # fmt: skip
def test_awkward_markup_keeps_its_text(tmp_path: Path, html: str, text: str) -> None:
    assert body(tmp_path, html) == text


@pytest.mark.parametrize("html", [
    "<script>gone()</script>", "<style>p{color:gone}</style>", "<noscript>gone</noscript>",
    "<nav><a href=x>gone</a></nav>", "<div role=navigation>gone</div>",
    "<header><p>gone</p></header>", "<footer>gone</footer>", "<div hidden>gone</div>",
    "<div style='display: none'>gone</div>", "<p style='visibility:hidden'>gone</p>",
    "<span aria-hidden=true>gone</span>", "<template>gone</template>", "<button>gone</button>",
    "<select><option>gone</select>", "<textarea>gone</textarea>", "<svg><text>gone</text></svg>",
    "<div class='breadcrumb x'>gone</div>", "<aside><form>gone</form></aside>",
    "<dialog>gone</dialog>", "<iframe>gone</iframe>", "<title>gone</title>",
])  # fmt: skip
def test_what_surrounds_the_text_is_dropped(tmp_path: Path, html: str) -> None:
    assert body(tmp_path, f"{html}<p>kept</p>{html}") == "kept"


@pytest.mark.parametrize("html", [
    "<header><h1>kept</h1></header>", "<article><header>kept</header></article>",
    "<article><footer>kept</footer></article>", "<aside>kept</aside>", "<form>kept</form>",
    "<dialog open>kept</dialog>", "<blockquote><footer>kept</footer></blockquote>",
    "<p style='display:block'>kept</p>", "<p aria-hidden=false>kept</p>",
])  # fmt: skip
def test_what_only_looks_like_surroundings_is_kept(tmp_path: Path, html: str) -> None:
    assert body(tmp_path, html).endswith("kept")


def test_variants_that_a_script_would_choose_from_are_all_kept(tmp_path: Path) -> None:
    html = "<p>Press <span><span hidden>Command</span> <span hidden>Ctrl</span></span>+C</p>"
    assert body(tmp_path, html) == "Press Command / Ctrl+C"


def test_the_main_part_is_taken_when_it_is_most_of_the_page(tmp_path: Path) -> None:
    around = "<div>shop menu</div>"
    long = "<p>" + "The text of the page. " * 5 + "</p>"
    assert "menu" not in body(tmp_path, f"{around}<main>{long}</main>{around}")
    assert "menu" in body(tmp_path, f"{around}<main>x</main>{around}")


def test_tables_of_data_become_rows(tmp_path: Path) -> None:
    text = body(
        tmp_path,
        """<table><caption>Prices</caption>
      <thead><tr><th></th><th>Small<br>box</th><th colspan=2>Large</th></tr></thead>
      <tr><td rowspan=2>Pen</td><td>1</td><td>2</td><td>a|b</td></tr>
      <tr><td>3</td><td><ul><li>4</li><li>5</li></ul></td><td></td></tr>
      <tr><td colspan=9999999>Total</td></tr></table>""",
    )
    assert text == (
        "Prices\n\n|  | Small box | Large |  |\n| Pen | 1 | 2 | a\\|b |\n| Pen | 3 | 4 5 |  |\n"
        "| Total |  |  |  |"
    )


def test_tables_that_arrange_the_page_are_read_as_text(tmp_path: Path) -> None:
    html = """<table><tr><td><h2>News</h2><p>First.</p></td><td>
      <table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table></td></tr></table>
      <table role=presentation><tr><td>x</td><td>y</td></tr></table>
      <table><tr><td><img></td><td>A tip in a box.</td></tr></table>"""
    assert body(tmp_path, html) == (
        "## News\n\nFirst.\n\n| a | b |\n| c | d |\n\nx\n\ny\n\nA tip in a box."
    )


def test_thousands_of_unclosed_tags_do_not_exhaust_the_stack(tmp_path: Path) -> None:
    assert body(tmp_path, "<div>" * 5000 + "<b><i>" * 2000 + "deep").endswith("deep")
    assert "deep" in body(tmp_path, "<table><tr><td>" * 3000 + "deep")
    assert body(tmp_path, "<ul><li>" * 500 + "deep").strip() == "- deep"


def test_a_title_is_taken_from_the_page(tmp_path: Path) -> None:
    assert (
        load(tmp_path, "<html><head><title> Ücret\n iadesi </title></head>x").title
        == "Ücret iadesi"
    )
    assert load(tmp_path, "<html><h1>First</h1>x").title == "First"
    assert load(tmp_path, "<html><title></title>x").title == "a"


@pytest.mark.parametrize(("encoding", "declaration"), [
    ("cp1254", '<meta charset="windows-1254">'),
    ("cp1254", '<meta http-equiv=Content-Type content="text/html; charset=iso-8859-9">'),
    ("cp1254", '<meta charset="utf-8">'),
    ("cp1254", ""),
    ("utf-8", '<meta charset="iso-8859-1">'),
    ("utf-16", ""),
    ("cp1252", '<meta charset="no-such-thing">'),
])  # fmt: skip
def test_encodings_of_pages_whatever_they_declare(
    tmp_path: Path, encoding: str, declaration: str
) -> None:
    text = "Größe" if encoding == "cp1252" else "Şişli'de çağ"
    html = f"<!doctype html><html><head>{declaration}</head><body><p>{text}</body>"
    assert load(tmp_path, html.encode(encoding)).text == text


def test_xhtml_with_an_empty_title_is_not_swallowed_by_it(tmp_path: Path) -> None:
    html = """<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>
      <script src="x"/></head><body><p>a<a id="x"/>b<br/>c</p>
      <div class="y"/><p>d</p></body></html>"""
    assert load(tmp_path, html, "a.xhtml").text == "ab\nc\n\nd"


@pytest.mark.parametrize("name", ["a.txt", "a.doc", "a.xls", "a.csv", "a.md", "a.pdf", "a"])
def test_html_is_recognised_under_any_name(tmp_path: Path, name: str) -> None:
    html = "\ufeff<!-- saved page -->\n<HTML><body><script>x</script><h1>Fiş</h1><p>text</body>"
    assert load(tmp_path, html, name).text == "# Fiş\n\ntext"


def test_a_page_without_tags_is_text_and_one_without_text_is_refused(tmp_path: Path) -> None:
    assert load(tmp_path, "line one\n\nline two").text == "line one\n\nline two"
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, "<html><body><div id=root></div><script>draw()</script></body></html>")
    assert caught.value.code == "empty"


CONTAINER = (
    """<container><rootfiles><rootfile full-path="O%20EBPS/b.opf"/></rootfiles></container>"""
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Bir Kitap</dc:title></metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="two" href="text/2%20b.xhtml" media-type="application/xhtml+xml"/>
    <item id="one" href="text/1.xhtml" media-type="application/xhtml+xml"/>
    <item id="css" href="a.css" media-type="text/css"/>
  </manifest>
  <spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/>
    <itemref idref="css"/></spine>
</package>"""


def book(folder: Path, **changes: str) -> Path:
    chapter = (
        '<?xml version="1.0"?><html><head><title/></head><body><h1>{}</h1><p>ş</p></body></html>'
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER.replace("%20", " "),
        "O EBPS/b.opf": PACKAGE,
        "O EBPS/nav.xhtml": chapter.format("Contents"),
        "O EBPS/text/1.xhtml": chapter.format("Bir"),
        "O EBPS/text/2 b.xhtml": chapter.format("İki"),
    } | changes
    path = folder / "a.epub"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_book_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    (document,) = load_documents(book(tmp_path))
    assert document.title == "Bir Kitap"
    assert document.text == "# Bir\n\nş\n\n# İki\n\nş"


def test_a_protected_book_is_refused_unless_only_its_fonts_are(tmp_path: Path) -> None:
    rights = (
        '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    )
    fonts = rights.format("http://www.idpf.org/2008/embedding")
    assert load_documents(book(tmp_path, **{"META-INF/encryption.xml": fonts}))
    with pytest.raises(DocumentError) as caught:
        drm = rights.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
        load_documents(book(tmp_path, **{"META-INF/encryption.xml": drm}))
    assert caught.value.code == "encrypted"


def test_a_book_with_a_missing_chapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"3\.xhtml' is missing") as caught:
        load_documents(book(tmp_path, **{"O EBPS/b.opf": PACKAGE.replace("1.xhtml", "3.xhtml")}))
    assert caught.value.code == "malformed"
