"""The HTML report: one file, safe with hostile texts, readable by all, two pages for executives."""

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from advisor.report import build
from advisor.report.cutting import LONGEST, cut
from advisor.report.formats.html import render
from advisor.workflow import experiment_of, prior_of
from tests.advisor.report_runs import NAME, NOTE, SCRIPT, TEMPLATE, fullest

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def html(run):
    return render(build(run, experiment_of(run), prior_of(run), "technical")).decode()


@pytest.fixture(scope="module")
def page(html):
    return LexborHTMLParser(html)


def test_hostile_texts_are_shown_as_they_are_and_do_nothing(page, html):
    text = page.body.text()
    for hostile in (SCRIPT, TEMPLATE, NAME, NOTE, "</blockquote><script>1</script>"):
        assert hostile in text
    assert page.css("script, img, iframe, object, embed, link, form, b, em, i") == []
    assert not re.search(r"<[^>]+\son\w+=", html)
    assert "root:" not in text


def test_writing_direction_stays_inside_its_element(page):
    turned = [node for node in page.css("*") if "\u202e" in (node.text(deep=False) or "")]
    assert turned
    for node in turned:
        assert (
            node.tag == "bdi"
            or node.attributes.get("dir") == "auto"
            or (node.parent.attributes.get("dir") == "auto")
        )


def test_long_answers_are_cut_with_a_note_and_control_characters_shown_as_such(page):
    assert cut("x" * LONGEST) == "x" * LONGEST
    assert cut("x" * (LONGEST + 9000)).endswith(" … (9,000 more characters)")
    assert cut("a\u0000b\tc") == "a\ufffdb\tc"
    shown = [node.text() for node in page.css("p.said") if "long long" in node.text()]
    assert len(shown) == 3
    assert all("(9,003 more characters)" in text for text in shown)


def test_the_page_needs_nothing_else_and_runs_nothing(page, html):
    assert set(re.findall(r"https?://[^\"'\s<)]+", html)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "url(" not in html
    assert "@import" not in html
    assert all(a.attributes["href"].startswith("#") for a in page.css("a"))
    policy = page.css_first("meta[http-equiv]").attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_contents_lead_to_every_section(page):
    targets = [a.attributes["href"][1:] for a in page.css("nav a")]
    assert targets == [part.attributes["id"] for part in page.css("section")]
    assert len(set(targets)) == len(targets)


def test_headings_are_in_order(page):
    levels = [int(node.tag[1]) for node in page.css("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_picture_and_table_can_be_heard(page):
    pictures = page.css("svg")
    assert len(pictures) == 8
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        assert len(picture.attributes["aria-label"]) > 40
    for table in page.css("table"):
        assert table.css("th[scope=row]")
    for table in page.css("table:not(.answers)"):
        assert table.css_first("caption").text()
        assert all(head.text() for head in table.css("thead th[scope=col]"))
    assert page.css_first("html").attributes["lang"] == "en"


def test_marks_are_words_and_signs_not_colours(page):
    marks = {node.text() for node in page.css(".mark")}
    assert {"✓ right", "✗ wrong", "◐ 50 % right", "– failed: prompt too long"} <= marks


def test_questions_are_folded_to_a_line_that_says_what_each_shows(page):
    folded = page.css("article > details")
    assert len(folded) > 1 and not any("open" in one.attributes for one in folded[1:])
    for one in folded:
        assert one.css_first("summary h3").text().startswith("Question ")


in_browser = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed")


def test_light_dark_and_paper_are_all_set(html):
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert "size: A4" in html


def printed(run, audience, tmp_path) -> list[str]:
    """The text of each page of a report as the browser prints it."""
    import pypdfium2

    file = tmp_path / "report.html"
    file.write_bytes(render(build(run, experiment_of(run), prior_of(run), audience)))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-sync", "--no-pdf-header-footer", f"--user-data-dir={tmp_path / 'user'}",
               f"--print-to-pdf={tmp_path / 'report.pdf'}", file.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with pypdfium2.PdfDocument(tmp_path / "report.pdf") as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    shutil.rmtree(tmp_path / "user", ignore_errors=True)
    return pages


@pytest.mark.browser
@in_browser
def test_executive_report_prints_on_two_pages(run, tmp_path):
    assert len(printed(run, "executive", tmp_path)) <= 2


@pytest.mark.browser
@in_browser
def test_what_is_folded_on_the_screen_is_printed(run, page, tmp_path):
    folded = page.css("section > details")
    names = {one.parent.attributes["id"] for one in folded}
    assert {"expected", "weigh", "rungs", "words"} <= names
    assert not any("open" in one.attributes for one in folded)
    told = " ".join(" ".join(printed(run, "technical", tmp_path)).split())
    for one in folded:
        last = one.css("p, li, td, th, dd, caption")[-1].text().split()
        assert " ".join(last[:4]) in told, one.parent.attributes["id"]
